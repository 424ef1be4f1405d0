// Where things are on the screen. Degrees are straight: as the edges of polygons are defined.
// What is across shrinks with the latitude in view, so that circles look round where one looks.

const EARTH_M = 6371008.8;
const DEGREE_M = (EARTH_M * Math.PI) / 180;
const data = JSON.parse(document.getElementById("places").textContent);
const places = data.places;
const canvas = document.getElementById("map");
const view = { latitude: 0, longitude: 0, scale: 1, across: 1, width: 1, height: 1 };

const radians = (degrees) => (degrees * Math.PI) / 180;
const degrees = (angle) => (angle * 180) / Math.PI;
const between = (least, value, most) => Math.max(least, Math.min(most, value));

/** Keeps the view on the Earth, and works out how many pixels a degree across is. */
function settle() {
  const least = 0.85 * Math.min(view.width / 360, view.height / 180);
  view.scale = between(least, view.scale, DEGREE_M / 0.05);
  view.latitude = between(-90, view.latitude, 90);
  view.longitude = ((((view.longitude + 180) % 360) + 360) % 360) - 180;
  const flatness = between(0, (view.height / view.scale - 60) / 100, 1);
  const latitude = between(-88, view.latitude * (1 - flatness), 88);
  view.across = view.scale * Math.cos(radians(latitude));
}

const xOf = (longitude) => view.width / 2 + (longitude - view.longitude) * view.across;
const yOf = (latitude) => view.height / 2 - (latitude - view.latitude) * view.scale;
const longitudeAt = (x) => view.longitude + (x - view.width / 2) / view.across;
const latitudeAt = (y) => view.latitude - (y - view.height / 2) / view.scale;
const pixels = (metres) => (metres / DEGREE_M) * view.scale;

/** Whole turns of 360 degrees that bring what spans these longitudes into view. */
function turns(west, east) {
  const half = view.width / 2 / view.across;
  const first = Math.ceil((view.longitude - half - east) / 360);
  const last = Math.floor((view.longitude + half - west) / 360);
  const found = [];
  for (let turn = first; turn <= last; turn += 1) found.push(turn * 360);
  return found;
}

function zoom(factor, x = view.width / 2, y = view.height / 2) {
  const longitude = longitudeAt(x);
  const latitude = latitudeAt(y);
  view.scale *= factor;
  settle();
  view.latitude = latitude + (y - view.height / 2) / view.scale;
  settle();
  view.longitude = longitude - (x - view.width / 2) / view.across;
  settle();
}

function move(x, y) {
  view.longitude += x / view.across;
  view.latitude -= y / view.scale;
  settle();
}

/** Shows a box of degrees with some room around it. */
function show(south, west, north, east) {
  view.latitude = (south + north) / 2;
  view.longitude = (west + east) / 2;
  const shrink = Math.cos(radians(between(-85, view.latitude, 85)));
  const high = Math.max(north - south, 1e-4);
  const wide = Math.max((east - west) * shrink, 1e-4);
  view.scale = 0.82 * Math.min(view.height / high, view.width / wide);
  settle();
}

/** Shows all fences that aren't hidden; around the antimeridian if they lie about it. */
function showAll() {
  const seen = places.filter((place) => !hidden.has(place.group)).map(extent);
  if (data.near) {
    const { latitude, longitude } = data.near;
    seen.push({ south: latitude, north: latitude, west: longitude, east: longitude });
  }
  if (seen.length === 0) return show(-60, -180, 75, 180);
  const south = Math.min(...seen.map((one) => one.south));
  const north = Math.max(...seen.map((one) => one.north));
  const [west, east] = narrowest(seen);
  return show(south, west, north, east);
}

/** The shortest stretch of longitude that has all of these in it. */
function narrowest(seen) {
  const spans = seen
    .map(({ west, east }) => {
      const turn = 360 * Math.floor((west + 180) / 360);
      return [west - turn, east - turn];
    })
    .sort((a, b) => a[0] - b[0]);
  let reach = -Infinity;
  let gap = spans[0][0] + 360 - Math.max(...spans.map((span) => span[1]));
  let start = spans[0][0];
  for (const [west, east] of spans) {
    if (west - reach > gap && reach > -Infinity) {
      gap = west - reach;
      start = west;
    }
    reach = Math.max(reach, east);
  }
  return gap <= 0 ? [-180, 180] : [start, start + 360 - gap];
}

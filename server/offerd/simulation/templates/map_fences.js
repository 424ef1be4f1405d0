// Fences as outlines in degrees, and as paths on the screen.

const flattened = (latitude) => degrees(Math.atan(data.axes_squared * Math.tan(radians(latitude))));
const unflattened = (latitude) => degrees(Math.atan(Math.tan(radians(latitude)) / data.axes_squared));
const outlines = new Map();
const extents = new Map();

/** Points at a distance from a centre; longitudes go on where the circle crosses a turn.
 *  Distances are along the sphere, of latitudes as seen from the middle of the Earth. */
function circleRing(latitude, longitude, radius, steps) {
  const angle = radius / EARTH_M;
  const from = radians(flattened(between(-89.9999, latitude, 89.9999)));
  const ring = [];
  let last = longitude;
  for (let step = 0; step < steps; step += 1) {
    const bearing = (2 * Math.PI * step) / steps + Math.PI / steps;
    const sine = Math.sin(from) * Math.cos(angle) + Math.cos(from) * Math.sin(angle) * Math.cos(bearing);
    const up = Math.asin(between(-1, sine, 1));
    const aside = Math.atan2(
      Math.sin(bearing) * Math.sin(angle) * Math.cos(from),
      Math.cos(angle) - Math.sin(from) * Math.sin(up),
    );
    let along = longitude + degrees(aside);
    along += 360 * Math.round((last - along) / 360);
    last = along;
    ring.push(along, unflattened(degrees(up)));
  }
  const close = ring[0] + 360 * Math.round((last - ring[0]) / 360);
  if (Math.abs(close - ring[0]) > 180) {
    const pole = latitude < 0 ? -90 : 90;
    ring.push(close, ring[1], close, pole, ring[0], pole);
  }
  return ring;
}

function circleOutline(place, steps) {
  const { latitude, longitude, radius_m: radius } = place;
  const reach = radius / DEGREE_M;
  if (90 + Math.abs(flattened(latitude)) > reach) {
    return [[circleRing(latitude, longitude, radius, steps)]];
  }
  const far = Math.PI * EARTH_M - radius; // both poles are in it: all but a circle on the other side
  const world = [longitude, -90, longitude + 360, -90, longitude + 360, 90, longitude, 90];
  return [far > 0 ? [world, circleRing(-latitude, longitude + 180, far, steps)] : [world]];
}

/** Polygons of rings, [longitude, latitude, …]; none for a corridor, which is a line. */
function outlineOf(place) {
  if (!place.radius_m) return place.areas ?? [];
  const steps = pixels(place.radius_m) > 400 || place.radius_m > 500000 ? 360 : 72;
  const known = outlines.get(place);
  if (known && known.steps >= steps) return known.polygons;
  const polygons = circleOutline(place, steps);
  outlines.set(place, { steps, polygons });
  return polygons;
}

/** The box that a fence lies in, in degrees. */
function extent(place) {
  let box = extents.get(place);
  if (box) return box;
  box = { south: Infinity, west: Infinity, north: -Infinity, east: -Infinity };
  const lines = place.line ? [place.line] : outlineOf(place).flat();
  const margin = place.line ? place.width_m / 2 / DEGREE_M : 0;
  const aside = margin / Math.cos(radians(between(-89, place.latitude, 89)));
  for (const line of lines) {
    for (let at = 0; at < line.length; at += 2) {
      box.west = Math.min(box.west, line[at] - aside);
      box.east = Math.max(box.east, line[at] + aside);
      box.south = Math.min(box.south, line[at + 1] - margin);
      box.north = Math.max(box.north, line[at + 1] + margin);
    }
  }
  extents.set(place, box);
  return box;
}

/** How large a fence is on the screen, in pixels. */
function sizeOf(place) {
  const box = extent(place);
  return Math.max((box.north - box.south) * view.scale, (box.east - box.west) * view.across);
}

function trace(path, line, turn, closed) {
  path.moveTo(xOf(line[0] + turn), yOf(line[1]));
  for (let at = 2; at < line.length; at += 2) path.lineTo(xOf(line[at] + turn), yOf(line[at + 1]));
  if (closed) path.closePath();
}

/** The border of polygons that have a pole in them: without the way to the pole and back. */
function bordersOf(place, turn) {
  const box = extent(place);
  if (place.line || (box.north < 90 && box.south > -90)) return null;
  return outlineOf(place).map((rings) => {
    const path = new Path2D();
    for (const ring of rings) {
      const atPole = (at) => Math.abs(ring[at + 1]) >= 90;
      for (let at = 0; at < ring.length; at += 2) {
        const lifted = at === 0 || atPole(at) || atPole(at - 2);
        path[lifted ? "moveTo" : "lineTo"](xOf(ring[at] + turn), yOf(ring[at + 1]));
      }
      if (!atPole(0) && !atPole(ring.length - 2)) path.lineTo(xOf(ring[0] + turn), yOf(ring[1]));
    }
    return path;
  });
}

/** The paths of a fence on the screen, some turns of the Earth away. */
function pathsOf(place, turn) {
  if (place.line) {
    const path = new Path2D();
    trace(path, place.line, turn, false);
    return [path];
  }
  return outlineOf(place).map((rings) => {
    const path = new Path2D();
    for (const ring of rings) trace(path, ring, turn, true);
    return path;
  });
}

/** A distance as people say it. */
function told(metres) {
  if (metres < 1000) return `${Math.round(metres)} m`;
  const kilometres = metres / 1000;
  const digits = kilometres < 10 ? 2 : kilometres < 100 ? 1 : 0;
  return `${kilometres.toLocaleString("en", { maximumFractionDigits: digits })} km`;
}

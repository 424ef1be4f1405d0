// The picture.

const ink = canvas.getContext("2d");
const hidden = new Set();
const chosen = { place: null, over: null, overlaps: true, nearest: false };
const DOT = 5;
const MANY = 2000; // of so many, dots are smaller
const MOST_LABELS = 150;
const bySize = [...places].sort((a, b) => area(b) - area(a));
let shown = []; // what was drawn, as { place, turn, dot, paths, borders, x, y }, the smallest last
let colours = {};
let waiting = false;
let taken = []; // boxes on the screen that have text

function area(place) {
  const box = extent(place);
  return (box.north - box.south) * (box.east - box.west);
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "soft", "grid", "halo", "warn", "mark", "paper"];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  colours.groups = Array.from({ length: 8 }, (_, at) => style.getPropertyValue(`--c${at}`).trim());
  for (const key of document.querySelectorAll(".key[data-colour]")) {
    key.style.borderColor = colours.groups[key.dataset.colour];
    key.style.background = `color-mix(in srgb, ${colours.groups[key.dataset.colour]} 25%, transparent)`;
  }
}

/** Draws again, once, when the screen is next refreshed. */
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function fit() {
  const box = canvas.getBoundingClientRect();
  const sharpness = window.devicePixelRatio || 1;
  view.width = Math.max(1, box.width);
  view.height = Math.max(1, box.height);
  canvas.width = Math.round(view.width * sharpness);
  canvas.height = Math.round(view.height * sharpness);
  ink.setTransform(sharpness, 0, 0, sharpness, 0, 0);
}

function draw() {
  ink.clearRect(0, 0, view.width, view.height);
  taken = [];
  drawGrid();
  arrange();
  if (chosen.nearest) drawNearest();
  for (const one of shown) drawFence(one);
  if (chosen.overlaps) drawOverlaps();
  drawNear();
  for (const one of shown) if (one.place === chosen.place || one.place === chosen.over) drawChosen(one);
  drawLabels();
  drawScale();
}

/** Works out which fences are in view, and where. */
function arrange() {
  shown = [];
  for (const place of bySize) {
    if (hidden.has(place.group)) continue;
    const box = extent(place);
    if (yOf(box.north) > view.height + DOT || yOf(box.south) < -DOT) continue;
    const margin = DOT / view.across;
    for (const turn of turns(box.west - margin, box.east + margin)) {
      const dot = sizeOf(place) < 2 * DOT;
      const paths = dot ? [] : pathsOf(place, turn);
      const borders = dot ? [] : (bordersOf(place, turn) ?? paths);
      shown.push({ place, turn, dot, paths, borders, x: xOf(place.longitude + turn), y: yOf(place.latitude) });
    }
  }
}

const colourOf = (place) => colours.groups[place.group % 8];

function drawDot(x, y, radius) {
  ink.beginPath();
  ink.arc(x, y, radius, 0, 2 * Math.PI);
}

function drawFence({ place, dot, paths, borders, x, y }) {
  const overlapping = chosen.overlaps && place.overlaps;
  ink.strokeStyle = overlapping ? colours.warn : colourOf(place);
  ink.fillStyle = colourOf(place);
  ink.lineWidth = overlapping ? 2 : 1.5;
  if (dot) {
    drawDot(x, y, shown.length > MANY ? DOT / 2 : DOT - 1);
    ink.globalAlpha = 0.75;
    ink.fill();
    ink.globalAlpha = 1;
    if (overlapping) ink.stroke();
    return;
  }
  if (place.line) return drawCorridor(place, paths[0]);
  ink.globalAlpha = 0.16;
  for (const path of paths) ink.fill(path, "evenodd");
  ink.globalAlpha = 1;
  for (const path of borders) ink.stroke(path);
}

function drawCorridor(place, path) {
  ink.save();
  ink.lineCap = ink.lineJoin = "round";
  ink.globalAlpha = 0.28;
  ink.strokeStyle = colourOf(place);
  ink.lineWidth = Math.max(2, pixels(place.width_m));
  ink.stroke(path);
  ink.globalAlpha = 1;
  ink.lineWidth = 1;
  ink.stroke(path);
  ink.restore();
}

/** Fills what two fences share; a corridor has its overlaps told in words alone. */
function drawOverlaps() {
  const pathsBy = new Map();
  for (const one of shown) if (!one.dot) pathsBy.set(`${places.indexOf(one.place)}/${one.turn}`, one);
  ink.fillStyle = colours.warn;
  for (const [key, one] of pathsBy) {
    for (const other of one.place.overlaps ?? []) {
      const beside = pathsBy.get(`${other}/${one.turn}`);
      if (!beside || other < Number(key.split("/")[0]) || one.place.line || beside.place.line) continue;
      for (const path of one.paths) {
        ink.save();
        ink.clip(path, "evenodd");
        ink.globalAlpha = 0.38;
        for (const part of beside.paths) ink.fill(part, "evenodd");
        ink.restore();
      }
    }
  }
}

function drawLine(fromX, fromY, toX, toY) {
  ink.beginPath();
  ink.moveTo(fromX, fromY);
  ink.lineTo(toX, toY);
  ink.stroke();
}

/** The way round the Earth that is the shorter to look at. */
const besideOf = (longitude, near) => longitude + 360 * Math.round((near - longitude) / 360);

function drawNearest() {
  ink.save();
  ink.strokeStyle = colours.soft;
  ink.setLineDash([4, 4]);
  ink.lineWidth = 1;
  for (const { place, turn, x, y } of shown) {
    if (!place.nearest) continue;
    const other = places[place.nearest[0]];
    if (hidden.has(other.group)) continue;
    const longitude = besideOf(other.longitude, place.longitude) + turn;
    drawLine(x, y, xOf(longitude), yOf(other.latitude));
  }
  ink.restore();
}

/** The point that was asked about, and lines to what is nearest to it. */
function drawNear() {
  if (!data.near) return;
  const { latitude, longitude, nearest } = data.near;
  for (const turn of turns(longitude, longitude)) {
    const x = xOf(longitude + turn);
    const y = yOf(latitude);
    const distances = [];
    ink.save();
    for (const [at, metres] of nearest) {
      const other = places[at];
      if (hidden.has(other.group)) continue;
      ink.strokeStyle = colours.mark;
      ink.lineWidth = 1.5;
      const toX = xOf(besideOf(other.longitude, longitude) + turn);
      const toY = yOf(other.latitude);
      drawLine(x, y, toX, toY);
      if (Math.hypot(toX - x, toY - y) > 70) distances.push([told(metres), x + (toX - x) * 0.6, y + (toY - y) * 0.6]);
    }
    ink.fillStyle = colours.mark;
    drawDot(x, y, 6);
    ink.fill();
    ink.strokeStyle = colours.paper;
    ink.lineWidth = 2;
    ink.stroke();
    ink.restore();
    for (const [text, atX, atY] of distances) if (take(atX - 28, atY - 8, atX + 28, atY + 8)) drawText(text, atX, atY, "center");
  }
}

function drawChosen({ place, dot, borders, x, y }) {
  ink.strokeStyle = colours.mark;
  ink.lineWidth = place === chosen.place ? 3 : 2;
  if (dot || place.line) {
    drawDot(x, y, DOT + 2);
    ink.stroke();
  }
  for (const path of borders) ink.stroke(path);
}

function drawText(text, x, y, align = "left") {
  ink.font = "12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  ink.textAlign = align;
  ink.textBaseline = "middle";
  ink.lineWidth = 3;
  ink.lineJoin = "round";
  ink.strokeStyle = colours.halo;
  ink.strokeText(text, x, y);
  ink.fillStyle = colours.ink;
  ink.fillText(text, x, y);
}

/** Takes a box for text, if no other has any of it. */
function take(left, top, right, bottom) {
  if (taken.some((box) => left < box[2] && box[0] < right && top < box[3] && box[1] < bottom)) return false;
  taken.push([left, top, right, bottom]);
  return true;
}

/** Names, where they don't cover each other: what is chosen first, then the larger fences. */
function drawLabels() {
  const first = shown.filter(({ place }) => place === chosen.place || place === chosen.over);
  let drawn = 0;
  for (const { place, dot, x, y } of [...first, ...shown]) {
    if (drawn >= MOST_LABELS) break;
    if (x < 0 || x > view.width || y < 0 || y > view.height) continue;
    const name = place.name || place.id;
    const wide = name.length * 6.6 + 8;
    const left = dot ? x + DOT + 3 : x - wide / 2;
    if (!dot && sizeOf(place) < wide * 0.6) continue;
    if (!take(left - 4, y - 9, left + wide + 4, y + 9)) continue;
    drawText(name, dot ? left : x, y, dot ? "left" : "center");
    drawn += 1;
  }
}

function drawGrid() {
  const steps = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
  const digits = (step) => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const wide = steps.findLast((step) => step * view.across >= 110) ?? 30;
  const high = steps.findLast((step) => step * view.scale >= 90) ?? 30;
  ink.strokeStyle = colours.grid;
  ink.fillStyle = colours.soft;
  ink.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  ink.lineWidth = 1;
  ink.textBaseline = "top";
  ink.textAlign = "left";
  for (let at = Math.ceil(longitudeAt(0) / wide); at * wide <= longitudeAt(view.width); at += 1) {
    const x = xOf(at * wide);
    drawLine(x, Math.max(0, yOf(90)), x, Math.min(view.height, yOf(-90)));
    const longitude = besideOf(at * wide, 0);
    const side = Math.abs(longitude) === 180 || longitude === 0 ? "" : longitude < 0 ? " W" : " E";
    ink.fillText(`${Math.abs(longitude).toFixed(digits(wide))}°${side}`, x + 3, 3);
  }
  ink.textBaseline = "bottom";
  for (let at = Math.ceil(latitudeAt(view.height) / high); at * high <= latitudeAt(0); at += 1) {
    const latitude = at * high;
    if (Math.abs(latitude) > 90 + 1e-9) continue;
    const y = yOf(latitude);
    drawLine(0, y, view.width, y);
    const side = latitude === 0 ? "" : latitude < 0 ? " S" : " N";
    ink.fillText(`${Math.abs(latitude).toFixed(digits(high))}°${side}`, 3, y - 2);
  }
}

function drawScale() {
  const most = (120 / view.scale) * DEGREE_M;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((one) => one * power).find((one) => one <= most);
  const bar = document.getElementById("scale");
  bar.querySelector("i").style.width = `${pixels(metres)}px`;
  bar.querySelector("span").textContent = told(metres);
}

/** The fence at a point of the screen: of several the smallest. */
function at(x, y) {
  for (let number = shown.length - 1; number >= 0; number -= 1) {
    const one = shown[number];
    if (Math.hypot(one.x - x, one.y - y) <= DOT + 2 && one.dot) return one.place;
    if (one.dot) continue;
    const ratio = ink.getTransform().a;
    if (one.place.line) {
      ink.lineWidth = Math.max(8, pixels(one.place.width_m));
      if (ink.isPointInStroke(one.paths[0], x * ratio, y * ratio)) return one.place;
    } else if (one.paths.some((path) => ink.isPointInPath(path, x * ratio, y * ratio, "evenodd"))) {
      return one.place;
    }
  }
  return null;
}

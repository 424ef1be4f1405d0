// The search, the list, the card of what is selected, and what people do with hands and keys.

const MOST_LISTED = 300;
const search = document.getElementById("search");
const list = document.getElementById("found");
const card = document.getElementById("card");
const tip = document.getElementById("tip");
const words = places.map((place) =>
  [place.name, place.id, place.category ?? "", place.library].join(" ").toLowerCase(),
);
let active = -1;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Lists what matches the search; the nearest to the point first, if there is one. */
function listFound() {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = places.map((_, at) => at).filter((at) => !hidden.has(places[at].group));
  found = found.filter((at) => wanted.every((word) => words[at].includes(word)));
  if (data.near) {
    found.sort((a, b) => data.near.distances_m[a] - data.near.distances_m[b]);
  } else {
    found.sort((a, b) => (places[a].name || places[a].id).localeCompare(places[b].name || places[b].id));
  }
  list.replaceChildren(...found.slice(0, MOST_LISTED).map(optionOf));
  const rest = found.length - MOST_LISTED;
  const count = found.length === places.length ? "" : `${found.length.toLocaleString("en")} found`;
  const more = rest > 0 ? `the first ${MOST_LISTED} are listed` : "";
  document.getElementById("count").textContent = [count, more].filter(Boolean).join(", ");
  activate(-1);
}

function optionOf(at) {
  const place = places[at];
  const option = element("li", place.name || place.id, { role: "option", id: `place-${at}` });
  const about = [place.category, data.near && (data.near.distances_m[at] ? told(data.near.distances_m[at]) : "here"), place.overlaps && "overlaps"];
  option.append(element("small", about.filter(Boolean).join(" · ") || place.library));
  option.setAttribute("aria-selected", String(place === chosen.place));
  option.addEventListener("click", () => select(place, true));
  return option;
}

function activate(number) {
  const options = [...list.children];
  active = options.length ? Math.max(-1, Math.min(number, options.length - 1)) : -1;
  for (const [at, option] of options.entries()) {
    const place = places[Number(option.id.slice("place-".length))];
    option.setAttribute("aria-selected", String(at === active || (active < 0 && place === chosen.place)));
  }
  if (active < 0) return search.removeAttribute("aria-activedescendant");
  search.setAttribute("aria-activedescendant", options[active].id);
  options[active].scrollIntoView({ block: "nearest" });
  chosen.over = places[Number(options[active].id.slice("place-".length))];
  return redraw();
}

/** Selects a place, or none; goes there if it is asked to. */
function select(place, go) {
  chosen.place = place;
  chosen.over = null;
  card.hidden = !place;
  card.replaceChildren(...(place ? cardOf(place) : []));
  for (const option of list.children) {
    option.setAttribute("aria-selected", String(place === places[Number(option.id.slice("place-".length))]));
  }
  if (place && go) {
    const { south, west, north, east } = extent(place);
    const room = Math.max((north - south) * 1.5, 300 / DEGREE_M);
    const aside = room / Math.cos(radians(between(-85, place.latitude, 85)));
    show(south - room, west - aside, north + room, east + aside);
  }
  redraw();
}

function cardOf(place) {
  const facts = element("dl", undefined, { class: "facts" });
  const fact = (name, ...values) => {
    facts.append(element("dt", name));
    const value = element("dd");
    value.append(...values);
    facts.append(value);
  };
  const link = (other, about = "") => {
    const button = element("button", other.name || other.id, { type: "button", class: "link" });
    button.addEventListener("click", () => select(other, true));
    const line = element("div");
    line.append(button, about);
    return line;
  };
  fact("id", element("code", place.id));
  if (place.category) fact("category", place.category);
  fact("library", place.library);
  fact("fence", fenceInWords(place));
  fact("centre", `${place.latitude.toFixed(6)}, ${place.longitude.toFixed(6)}`);
  const parent = place.parent && places.find((other) => other.id === place.parent);
  if (place.parent) fact("in", parent ? link(parent) : place.parent);
  if (place.hours) fact("open", ...place.hours.map((line) => element("div", line)));
  for (const [key, value] of Object.entries(place.metadata ?? {})) fact(key, value);
  if (place.nearest) fact("nearest", link(places[place.nearest[0]], `, ${told(place.nearest[1])} to its edge`));
  if (place.overlaps) fact("overlaps", ...place.overlaps.map((at) => link(places[at])));
  const close = element("button", "✕", { type: "button", class: "close", "aria-label": "Close" });
  close.addEventListener("click", () => select(null, false));
  return [close, element("h2", place.name || place.id), facts];
}

function fenceInWords(place) {
  if (place.radius_m) return `circle, radius ${told(place.radius_m)}`;
  if (place.line) return `corridor, ${told(place.width_m)} wide`;
  const holes = place.areas.reduce((sum, rings) => sum + rings.length - 1, 0);
  const parts = place.areas.length === 1 ? "polygon" : `${place.areas.length} polygons`;
  const about = holes === 0 ? "" : holes === 1 ? " with a hole" : ` with ${holes} holes`;
  return parts + about + (place.simplified ? ", drawn with fewer vertices" : "");
}

function hover(x, y) {
  const place = at(x, y);
  canvas.classList.toggle("over", Boolean(place));
  if (place !== chosen.over) {
    chosen.over = place;
    redraw();
  }
  tip.hidden = !place;
  if (!place) return;
  tip.replaceChildren(element("b", place.name || place.id));
  if (place.category) tip.append(element("span", place.category));
  for (const line of place.hours ?? []) tip.append(element("span", line));
  if (place.overlaps) {
    const others = place.overlaps.map((one) => places[one].name || places[one].id);
    const rest = others.length > 3 ? ` and ${others.length - 3} more` : "";
    tip.append(element("span", `overlaps ${others.slice(0, 3).join(", ")}${rest}`));
  }
  tip.style.left = `${between(0, x + 14, view.width - tip.offsetWidth - 8)}px`;
  tip.style.top = `${between(0, y + 16, view.height - tip.offsetHeight - 8)}px`;
}

const fingers = new Map();
let travelled = 0;

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (fingers.size === 1) travelled = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return hover(event.offsetX, event.offsetY);
  const now = { x: event.offsetX, y: event.offsetY };
  travelled += Math.hypot(now.x - before.x, now.y - before.y);
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const spread = (one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    zoom(spread(now) / spread(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
    move((before.x - now.x) / 2, (before.y - now.y) / 2);
  } else if (travelled > 3) {
    canvas.classList.add("drag");
    tip.hidden = true;
    move(before.x - now.x, before.y - now.y);
  }
  fingers.set(event.pointerId, now);
  return redraw();
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    fingers.delete(event.pointerId);
    canvas.classList.remove("drag");
    if (name === "pointerup" && fingers.size === 0 && travelled <= 3) select(at(event.offsetX, event.offsetY), false);
  });
}
canvas.addEventListener("pointerleave", () => {
  tip.hidden = true;
  if (chosen.over) {
    chosen.over = null;
    redraw();
  }
});
canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    zoom(2 ** between(-1, (-event.deltaY * lines) / 250, 1), event.offsetX, event.offsetY);
    redraw();
  },
  { passive: false },
);
canvas.addEventListener("dblclick", (event) => {
  zoom(2, event.offsetX, event.offsetY);
  redraw();
});

const KEYS = {
  ArrowLeft: () => move(-80, 0),
  ArrowRight: () => move(80, 0),
  ArrowUp: () => move(0, -80),
  ArrowDown: () => move(0, 80),
  "+": () => zoom(1.5),
  "=": () => zoom(1.5),
  "-": () => zoom(1 / 1.5),
  0: showAll,
  Escape: () => select(null, false),
};
canvas.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
  redraw();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target === search) return;
  event.preventDefault();
  search.focus();
});
search.addEventListener("input", listFound);
search.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
  if (event.key in steps) {
    event.preventDefault();
    activate(Math.max(0, active + steps[event.key]));
  } else if (event.key === "Enter") {
    const option = list.children[Math.max(0, active)];
    if (option) select(places[Number(option.id.slice("place-".length))], true);
  }
});

for (const box of document.querySelectorAll("input[data-group]")) {
  box.addEventListener("change", () => {
    if (box.checked) hidden.delete(Number(box.dataset.group));
    else hidden.add(Number(box.dataset.group));
    listFound();
    redraw();
  });
}
for (const [id, name] of [["show-overlaps", "overlaps"], ["show-nearest", "nearest"]]) {
  const box = document.getElementById(id);
  chosen[name] = box.checked;
  box.addEventListener("change", () => {
    chosen[name] = box.checked;
    redraw();
  });
}
for (const [id, act] of [["closer", () => zoom(1.6)], ["farther", () => zoom(1 / 1.6)], ["all", showAll]]) {
  document.getElementById(id).addEventListener("click", () => {
    act();
    redraw();
  });
}
const isDark = window.matchMedia("(prefers-color-scheme: dark)");
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = (root.dataset.theme ?? (isDark.matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  readColours();
  redraw();
});
isDark.addEventListener("change", () => {
  readColours();
  redraw();
});
new ResizeObserver(() => {
  fit();
  settle();
  redraw();
}).observe(canvas);

readColours();
fit();
showAll();
listFound();
redraw();

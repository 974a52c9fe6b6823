// The data of the run, elements, and numbers as words.

const data = JSON.parse(document.getElementById("data").textContent);
const COLOURS = ["blue", "vermillion", "green", "orange", "purple", "sky", "dark"];
const DASHES = ["", "8 4", "3 3", "12 6"];

function find(id) {
  return document.getElementById(id);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function html(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function words(x, y, text, attributes) {
  return svg("text", { x, y, ...attributes }, text);
}

function colour(name) {
  return `var(--${name})`;
}

// Policies are told apart by colour, and past seven by dashes too.
function seriesStyle(at) {
  const dash = DASHES[Math.min(Math.floor(at / COLOURS.length), DASHES.length - 1)];
  return { stroke: colour(COLOURS[at % COLOURS.length]), "stroke-dasharray": dash || null };
}

function seriesColour(at) {
  return colour(COLOURS[at % COLOURS.length]);
}

// About three significant digits, thousands apart.
function number(value) {
  if (value === null || value === undefined || !isFinite(value)) return "-";
  const size = Math.abs(value);
  const places = size === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size))));
  const [whole, part] = (Object.is(value, -0) ? 0 : value).toFixed(places).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, size >= 10000 ? "\u202f" : "");
  const rest = (part || "").replace(/0+$/, "");
  return rest ? `${grouped}.${rest}` : grouped;
}

function latency(ms) {
  if (ms === null || ms === undefined) return "-";
  return ms >= 999.5 ? `${number(ms / 1000)} s` : `${number(ms)} ms`;
}

function duration(seconds) {
  if (seconds < 120) return `${number(seconds)} s`;
  if (seconds < 7200) return `${number(seconds / 60)} min`;
  return seconds < 172800 ? `${number(seconds / 3600)} h` : `${number(seconds / 86400)} days`;
}

function percent(share) {
  return share === null || share === undefined ? "-" : `${number(100 * share)} %`;
}

// Civil time of a simulated instant: the calendar is asked in UTC, the offset is the scenario's.
function offset(seconds) {
  let last = 0;
  for (const [from, value] of data.clock.offsets) {
    if (from <= seconds) last = value;
  }
  return last;
}

function civil(seconds) {
  return new Date((data.clock.start + seconds + offset(seconds)) * 1000);
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(value) {
  return String(value).padStart(2, "0");
}

function hourMinute(at, withSeconds) {
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return withSeconds ? `${time}:${two(at.getUTCSeconds())}` : time;
}

// The time since the start: 1d 2h 30m.
function since(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  let rest = Math.round(seconds);
  const told = [];
  for (const [length, unit] of parts) {
    if (rest >= length) told.push(`${Math.floor(rest / length)}${unit}`);
    rest %= length;
  }
  return told.join(" ") || "0s";
}

// The day of an instant, as far as it is known.
function day(seconds) {
  const at = civil(seconds);
  const name = DAYS[at.getUTCDay()];
  if (data.clock.known === "date") return `${name} ${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}`;
  return data.window[1] > 604800 ? `week ${1 + Math.floor(seconds / 604800)} ${name}` : name;
}

function when(seconds, withSeconds) {
  if (data.clock.known === "nothing") return since(seconds);
  return `${day(seconds)} ${hourMinute(civil(seconds), withSeconds)}`;
}

// A box beside the pointer, or beside what has the focus.
const hint = find("hint");

function showHint(x, y, ...children) {
  hint.replaceChildren(...children.flat());
  hint.hidden = false;
  const { width, height } = hint.getBoundingClientRect();
  const left = x + 16 + width > window.innerWidth ? x - width - 12 : x + 16;
  const top = y + 12 + height > window.innerHeight ? y - height - 12 : y + 12;
  hint.style.left = `${Math.max(4, left)}px`;
  hint.style.top = `${Math.max(4, top)}px`;
}

function hideHint() {
  hint.hidden = true;
}

function hintFor(node, children) {
  node.addEventListener("pointermove", (event) => showHint(event.clientX, event.clientY, children()));
  node.addEventListener("pointerleave", hideHint);
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    showHint(box.right, box.bottom, children());
  });
  node.addEventListener("blur", hideHint);
}

function rows(pairs) {
  const row = ([name, value]) => html("tr", {}, html("td", {}, name), html("td", {}, value));
  return html("table", {}, html("tbody", {}, pairs.map(row)));
}

// Enter and space act like a click on what is a button by role only.
function onPress(node, act) {
  node.addEventListener("click", act);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      act(event);
    }
  });
}

// Scales, ticks, frames and paths.

function linear(low, high, from, to) {
  const scale = (value) => from + ((value - low) / (high - low)) * (to - from);
  scale.invert = (place) => low + ((place - from) / (to - from)) * (high - low);
  return Object.assign(scale, { low, high });
}

function logarithmic(low, high, from, to) {
  const span = Math.log(high / low);
  const scale = (value) => from + (Math.log(Math.max(value, low) / low) / span) * (to - from);
  scale.invert = (place) => low * Math.exp(((place - from) / (to - from)) * span);
  return Object.assign(scale, { low, high, log: true });
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((digit) => digit * power).find((step) => step >= rough * 0.999);
}

// Round values from `low` to above `high`.
function linearTicks(low, high, count) {
  const step = niceStep(Math.max(high - low, 1e-9) / count);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}

function logTicks(low, high, most) {
  const decades = Math.log10(high / low);
  for (const digits of [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      ticks.push(...digits.map((digit) => digit * 10 ** power));
    }
    const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (inside.length <= most || digits.length === 1) {
      const every = Math.ceil(inside.length / most);
      return decades > 0 ? inside.filter((_, at) => at % every === 0) : inside;
    }
  }
  return [];
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
  86400, 172800, 604800, 1209600, 2419200];

// Round clock times, whatever the start.
function timeTicks(low, high, count) {
  const step = TIME_STEPS.find((step) => (high - low) / step <= count) || 4838400;
  const shift = (data.clock.start + offset(low)) % Math.max(step, 1);
  const first = Math.ceil((low + shift) / step) * step - shift;
  const ticks = [];
  for (let at = first; at <= high; at += step) ticks.push(at);
  const label = (seconds) => {
    if (data.clock.known === "nothing") return since(seconds);
    const at = civil(seconds);
    const midnight = at.getUTCHours() === 0 && at.getUTCMinutes() === 0 && at.getUTCSeconds() === 0;
    if (step >= 86400 || midnight) return day(seconds);
    return hourMinute(at, step < 60);
  };
  return ticks.map((at) => ({ at, label: label(at) }));
}

// Grid lines with words to the left, and the edge at the bottom.
function yAxis(frame, y, ticks, label) {
  return ticks
    .filter((tick) => tick >= y.low - 1e-9 && tick <= y.high * (1 + 1e-9))
    .flatMap((tick) => [
      svg("line", { class: "grid", x1: frame.left, x2: frame.right, y1: y(tick), y2: y(tick) }),
      words(frame.left - 6, y(tick) + 4, label(tick), { "text-anchor": "end", class: "quiet" }),
    ]);
}

function xAxis(frame, x, ticks, withWords) {
  const line = (tick) =>
    svg("line", { class: "grid", x1: x(tick.at), x2: x(tick.at), y1: frame.top, y2: frame.bottom });
  const place = (tick) => (x(tick.at) > frame.right - 24 && frame.tight ? "end" : "middle");
  const text = (tick) =>
    words(x(tick.at), frame.bottom + 16, tick.label, { "text-anchor": place(tick), class: "quiet" });
  const edge = { class: "axis", x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom };
  return [ticks.map(line), svg("line", edge), withWords ? ticks.map(text) : []].flat();
}

// A path through regular samples within [x.low, x.high]. Where a pixel holds several samples it shows
// the first, the extremes and the last of them, so that no peak is lost.
function samplePath(values, step, x, y, stairs) {
  const first = Math.max(0, Math.floor(x.low / step) - 1);
  const last = Math.min(values.length - 1, Math.ceil(x.high / step) + 1);
  const perPixel = step > 0 ? (x.high - x.low) / step / Math.max(1, Math.abs(x(x.high) - x(x.low))) : 1;
  const each = Math.max(1, Math.floor(perPixel));
  let path = "";
  let pen = false;
  // What is not a staircase stands in the middle of its interval.
  const shift = stairs ? 0 : step / 2;
  const put = (at, value) => {
    const top = y(value).toFixed(1);
    const left = x(at + shift).toFixed(1);
    path += pen ? `L${left} ${top}` : `M${left} ${top}`;
    pen = true;
  };
  for (let at = first; at <= last; at += each) {
    const bucket = [];
    for (let n = at; n < Math.min(at + each, last + 1); n += 1) {
      if (values[n] === null) {
        if (each === 1) pen = false;
      } else {
        bucket.push([n, values[n]]);
      }
    }
    if (!bucket.length) pen = false;
    const low = bucket.reduce((a, b) => (b[1] < a[1] ? b : a), bucket[0]);
    const high = bucket.reduce((a, b) => (b[1] > a[1] ? b : a), bucket[0]);
    const kept = each === 1 ? bucket : [bucket[0], ...(low && low[0] < high[0] ? [low, high] : [high, low]), bucket[bucket.length - 1]];
    for (const [n, value] of kept.filter(Boolean)) {
      put(n * step, value);
      if (stairs && each === 1) put((n + 1) * step, value);
    }
  }
  return path;
}

// A path through values that hold from their instant on.
function stairPath(pairs, x, y) {
  let path = "";
  pairs.forEach(([at, value], n) => {
    const next = n + 1 < pairs.length ? pairs[n + 1][0] : x.high;
    if (next < x.low || at > x.high) return;
    const [from, to] = [x(Math.max(at, x.low)), x(Math.min(next, x.high))];
    path += `${path ? "L" : "M"}${from} ${y(value)}L${to} ${y(value)}`;
  });
  return path;
}

// The largest of several columns within a range of time.
function most(columns, step, low, high) {
  let found = 0;
  for (const column of columns) {
    const to = Math.min(column.length - 1, Math.ceil(high / step));
    for (let at = Math.max(0, Math.floor(low / step)); at <= to; at += 1) {
      if (column[at] > found) found = column[at];
    }
  }
  return found;
}

function sketch(paint) {
  return svg("svg", { viewBox: "0 0 22 12", "aria-hidden": true }, paint);
}

function lineKey(style) {
  return sketch(svg("line", { x1: 0, x2: 22, y1: 6, y2: 6, "stroke-width": 2.5, ...style }));
}

function areaKey(fill, opacity) {
  return sketch(svg("rect", { x: 1, y: 1, width: 20, height: 10, fill, opacity: opacity || 1 }));
}

function item(key, ...children) {
  return html("span", { class: "item" }, key, ...children);
}

// Charts are drawn for the width they have, again when that changes, and once more for paper.
const drawings = [];
const PAPER = 700;

function drawn(draw) {
  drawings.push(draw);
}

function drawAll() {
  drawings.forEach((draw) => draw());
}

let printing = false;

function widthOf(node) {
  return printing ? Math.min(PAPER, node.clientWidth) : node.clientWidth;
}

// A picture as a whole, or a group of things of which each can be chosen.
function canvas(width, height, label, role) {
  const attributes = { viewBox: `0 0 ${width} ${height}`, height, role: role || "img", "aria-label": label };
  return svg("svg", attributes);
}

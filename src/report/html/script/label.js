// Where words go so that they cover neither each other nor a mark, as in the plots: beside their mark where
// there is room, else further away, with a line that leads back to it.

const ROW = 18;
// Words are no wider than a column, two of them at least, so that a few never fill the frame.
const COLUMN = 250;
const ASCENT = 11;
const DESCENT = 4;

// Where style.css makes the words of a picture smaller.
const NARROW = window.matchMedia("(max-width: 640px)");

const ruler = document.createElement("canvas").getContext("2d");

function textWidth(text, size, weight) {
  ruler.font = `${weight || 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

// A text no wider than `room`: its ends are kept, since names differ there.
function fitted(text, room, size, weight) {
  if (textWidth(text, size, weight) <= room) return text;
  const letters = [...text];
  for (let kept = letters.length - 1; kept > 0; kept -= 1) {
    const tail = Math.floor(kept / 2);
    const short = `${letters.slice(0, kept - tail).join("")}\u2026${tail ? letters.slice(-tail).join("") : ""}`;
    if (textWidth(short, size, weight) <= room) return short;
  }
  return "";
}

function nothingTaken() {
  return { soft: [], words: [], marks: [], leaders: [] };
}

function markTaken(taken, left, top) {
  taken.soft.push([left - 9, top - 9, left + 9, top + 9]);
  taken.marks.push([left, top]);
}

function overlap(a, b) {
  return Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function away(box, [left, top]) {
  return Math.hypot(left - clamp(left, box[0], box[2]), top - clamp(top, box[1], box[3]));
}

// Whether a line goes through a box: what is left of it between each pair of sides.
function crosses([x1, y1, x2, y2], box) {
  let [enters, leaves] = [0, 1];
  for (const [from, to, low, high] of [[x1, x2, box[0], box[2]], [y1, y2, box[1], box[3]]]) {
    if (Math.abs(to - from) < 1e-9) {
      if (from <= low || from >= high) return false;
    } else {
      const [a, b] = [(low - from) / (to - from), (high - from) / (to - from)];
      enters = Math.max(enters, Math.min(a, b));
      leaves = Math.min(leaves, Math.max(a, b));
    }
  }
  return leaves - enters > 1e-9;
}

function labelSpots(frame, left, top, width) {
  const box = (x, y) => [x, y - ASCENT, x + width, y + DESCENT];
  const beside = [12, 20].flatMap((gap) => [[1, 0], [-1, 0], [1, -0.7], [1, 0.7], [-1, -0.7], [-1, 0.7], [0, -1.4], [0, 1.5]]
    .map(([dx, dy]) => {
      const x = left + dx * gap - (dx < 0 ? width : dx === 0 ? width / 2 : 0);
      return { line: null, box: box(x, top + 4 + dy * gap) };
    }));
  const steps = 32;
  const led = [];
  for (let y = frame.top + ASCENT + 2; y + DESCENT <= frame.bottom; y += ROW) {
    for (let n = 0; n <= steps; n += 1) {
      const spot = box(frame.left + 6 + (n / steps) * (frame.right - frame.left - 12 - width), y);
      const end = [clamp(left, spot[0] - 3, spot[2] + 3), clamp(top, spot[1] + 2, spot[3] - 2)];
      const length = Math.hypot(end[0] - left, end[1] - top);
      const share = length > 8 ? 8 / length : 1;
      led.push({ line: [left + share * (end[0] - left), top + share * (end[1] - top), ...end], box: spot });
    }
  }
  return [...beside, ...led];
}

function labelCost(taken, frame, point, { line, box }) {
  const outside = Math.max(0, frame.left - box[0]) + Math.max(0, box[2] - frame.right)
    + Math.max(0, frame.top - box[1]) + Math.max(0, box[3] - frame.bottom);
  const on = (others) => others.reduce((sum, other) => sum + overlap(other, box), 0);
  const through = (others) => others.filter((other) => crosses(line, other)).length;
  const struck = taken.leaders.filter((leader) => crosses(leader, box)).length;
  const nearer = () => taken.marks.filter((mark) => away(box, mark) < away(box, point)).length;
  // Beside another mark it would be taken for that one's.
  const way = line
    ? 40 + 0.5 * Math.hypot(line[2] - line[0], line[3] - line[1]) + 40 * through(taken.soft) + 2000 * through(taken.words)
    : 1e5 * nearer();
  return 1e6 * (outside + on(taken.words)) + on(taken.soft) + 2000 * struck + way + 0.02 * away(box, point);
}

// The cheapest place for the words of a mark; it is taken from then on.
function placeLabel(taken, frame, left, top, name, size) {
  const room = frame.right - frame.left;
  const text = fitted(name, room / Math.max(2, Math.floor(room / COLUMN)) - 6, size, 600);
  const width = textWidth(text, size, 600);
  let best = { cost: Infinity };
  for (const spot of labelSpots(frame, left, top, width)) {
    const cost = labelCost(taken, frame, [left, top], spot);
    if (cost < best.cost) best = { cost, ...spot };
  }
  const { box, line } = best;
  taken.words.push([box[0] - 6, box[1], box[2] + 6, box[3]]);
  if (line) taken.leaders.push(line);
  const leader = line && `M${line[0]} ${line[1]}L${line[2]} ${line[3]}`;
  return { x: box[0], y: box[3] - DESCENT, text, leader, shortened: text !== name };
}

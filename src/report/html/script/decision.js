// Decisions: marks on the strip, coloured by what had the last word, and the trail of the chosen one.

function changed(mark) {
  return mark.before !== mark.after;
}

function decisionTitle(series) {
  const count = series.decisions.filter(changed).length;
  const left = series.decisions_left_out ? `, ${series.decisions_left_out} more in decisions.csv` : "";
  return `Decisions: ${count} changed the count${left}`;
}

function decisionKeys(series) {
  const stages = [...new Set(series.decisions.filter(changed).map((mark) => mark.stage))].sort((a, b) => a - b);
  const held = sketch(svg("path", { d: "M11 2V10", stroke: colour("grey"), "stroke-width": 1.5 }));
  const keys = stages.map((stage) => item(sketch(svg("path", { d: "M5 11L11 1L17 11Z", fill: stageColour(stage) })), data.stages[stage]));
  return series.decisions.every(changed) ? keys : [...keys, item(held, "the reason changed, not the count")];
}

function visible(series) {
  return series.decisions
    .map((mark, at) => ({ mark, at }))
    .filter(({ mark }) => mark.at >= view.from && mark.at <= view.to);
}

// Up: more replicas; down: fewer; a short stroke: the reason changed, the count did not.
function paintMarks(inside, frame, series, x) {
  const middle = (frame.top + frame.bottom) / 2;
  const taken = new Map();
  const all = visible(series);
  const ordered = [...all.filter(({ mark }) => !changed(mark)), ...all.filter(({ mark }) => changed(mark))];
  for (const { mark, at } of ordered) {
    const left = x(mark.at);
    const kind = changed(mark) ? (mark.after > mark.before ? "up" : "down") : "held";
    const key = `${kind}${mark.stage}`;
    // Marks on top of one of their own kind would not be seen.
    if (taken.has(key) && left - taken.get(key) < 1.5) continue;
    taken.set(key, left);
    const shape = {
      up: `M${left - 4.5} ${middle + 1}L${left} ${middle - 8}L${left + 4.5} ${middle + 1}Z`,
      down: `M${left - 4.5} ${middle - 1}L${left} ${middle + 8}L${left + 4.5} ${middle - 1}Z`,
      held: `M${left} ${middle - 3}V${middle + 3}`,
    }[kind];
    const look = kind === "held" ? { stroke: stageColour(mark.stage), opacity: 0.45 } : { fill: stageColour(mark.stage) };
    const said = `${when(mark.at, true)}: ${mark.before} \u2192 ${mark.after}, ${data.stages[mark.stage]}`;
    inside.append(svg("path", { d: shape, "data-decision": at, ...look }, svg("title", {}, said)));
  }
}

// Where there is room, changes cross the panel of replicas too.
function paintMarkLines(inside, frame, series, x) {
  const all = visible(series).filter(({ mark }) => changed(mark));
  if (all.length > 60) return;
  for (const { mark } of all) {
    const left = x(mark.at);
    inside.append(svg("line", { x1: left, x2: left, y1: frame.top, y2: frame.bottom, stroke: stageColour(mark.stage), opacity: 0.35 }));
  }
}

function chooseNearest(x, left) {
  const all = visible(current());
  // A change beats a mark that held, unless that is clearly meant.
  const away = ({ mark }) => Math.abs(x(mark.at) - left) + (changed(mark) ? 0 : 4);
  const nearest = all.reduce((best, one) => (best === null || away(one) < away(best) ? one : best), null);
  if (nearest) chooseDecision(nearest.at);
}

function chooseDecision(at) {
  const mark = current().decisions[at];
  view.decision = at;
  if (mark.at < view.from || mark.at > view.to) {
    const half = (view.to - view.from) / 2;
    zoomTo(mark.at - half, mark.at + half);
  }
  drawLive();
  drawTrail();
}

// To the next or the previous decision that changed the count; the first or the last one shown, if none
// is chosen yet.
function step(direction) {
  const series = current();
  if (!series || !series.decisions.length) return;
  const shown = visible(series);
  const [first, last] = shown.length ? [shown[0].at, shown[shown.length - 1].at] : [0, series.decisions.length - 1];
  const start = view.decision === null ? (direction > 0 ? first - 1 : last + 1) : view.decision;
  for (let at = start + direction; at >= 0 && at < series.decisions.length; at += direction) {
    if (changed(series.decisions[at])) {
      chooseDecision(at);
      return;
    }
  }
}

function stepsTable(mark) {
  const row = ({ stage, from, to, why }) =>
    html("tr", { class: from === to ? null : "acted" },
      html("td", {}, html("span", { class: "swatch", style: `background:${stageColour(stage)}` }), data.stages[stage]),
      html("td", { class: "number" }, String(from)), html("td", { class: "number" }, String(to)), html("td", {}, why || "-"));
  const heads = html("tr", {}, html("th", { scope: "col" }, "stage"), html("th", { scope: "col", class: "number" }, "before"),
    html("th", { scope: "col", class: "number" }, "after"), html("th", { scope: "col" }, "why"));
  return html("table", {}, html("caption", {}, "Every stage, in order"), html("thead", {}, heads), html("tbody", {}, mark.steps.map(row)));
}

function readingsTable(series, mark) {
  const row = ({ value, age }, at) =>
    html("tr", {}, html("td", {}, series.signals[at] || `signal ${at + 1}`),
      html("td", { class: "number" }, value === null ? "no data" : number(value)),
      html("td", { class: "number" }, age === null ? "-" : duration(age)));
  const counts = ["ready", "starting", "draining"].map((name) =>
    html("tr", {}, html("td", {}, `${name} replicas`), html("td", { class: "number" }, String(mark[name])), html("td", { class: "number" }, "now")));
  const heads = html("tr", {}, html("th", { scope: "col" }, "signal"), html("th", { scope: "col", class: "number" }, "value"),
    html("th", { scope: "col", class: "number" }, "age"));
  return html("table", {}, html("caption", {}, "What it saw"), html("thead", {}, heads), html("tbody", {}, mark.seen.map(row), counts));
}

function drawTrail() {
  const series = current();
  const home = find("trail");
  const nav = html("nav", { "aria-label": "Decisions" }, ...[[-1, "previous decision"], [1, "next decision"]].map(([way, text]) => {
    const node = html("button", { type: "button", id: way < 0 ? "previous" : "next" }, text);
    node.addEventListener("click", () => {
      step(way);
      find(node.id).focus();
    });
    return node;
  }));
  if (!series || view.decision === null) {
    const some = series && series.decisions.some(changed);
    home.replaceChildren(html("p", {}, some ? "No decision chosen: choose a mark above, or step through them." : "This policy never changed the count."), ...(some ? [nav] : []));
    return;
  }
  const mark = series.decisions[view.decision];
  const text = changed(mark) ? `${mark.before} \u2192 ${mark.after} replicas` : `stays at ${mark.before} replicas`;
  const asked = mark.asked ? "A request that found no replica asked for it. " : "";
  const recommendation = mark.recommendation === mark.after ? "The formula alone wanted just that." : `The formula alone wanted ${mark.recommendation}.`;
  const last = `Decided by: ${data.stages[mark.stage]}. `;
  home.replaceChildren(html("h3", {}, `${when(mark.at, true)}: ${text}`), html("p", {}, asked + last + recommendation),
    html("div", { class: "two" }, stepsTable(mark), readingsTable(series, mark)), nav);
}

// Panels above one clock: traffic, replicas, decisions, latency, load and what the policy saw.

const view = { policy: data.opening[0], service: null, from: 0, to: 1, cursor: null, decision: null };
const STAGE_COLOURS = ["blue", "grey", "sky", "orange", "purple", "vermillion", "green", "dark", "dark"];

function current() {
  const own = data.series.filter((series) => series.policy === view.policy);
  return own.find((series) => series.service === view.service) || own[0] || null;
}

function extent() {
  return Math.max(1, ...data.series.map((series) => series.end));
}

function stageColour(at) {
  return colour(STAGE_COLOURS[at % STAGE_COLOURS.length]);
}

function curve(series, name, ink, options) {
  return { name, ink, values: series.columns[name], stairs: true, say: number, ...options };
}

// What a panel shows: its curves, how far up it reaches, and lines that are not curves.
function trafficPanel(series) {
  const curves = [
    curve(series, "arrivals", "dark", { title: "offered", wide: true }),
    curve(series, "completions", "blue", { title: "completed" }),
    curve(series, "failed", "vermillion", { title: "failed", area: 0.55, quiet: true }),
  ];
  if (series.columns.attempts) curves.splice(1, 0, curve(series, "attempts", "purple", { title: "with retries", dash: "6 4" }));
  return { id: "traffic", title: "Requests per second", height: 150, curves };
}

// Decisions are exact where an interval only knows the count at its end; null if some are left out.
function desiredCounts(series) {
  const changes = series.decisions.filter(changed);
  if (series.decisions_left_out > 0 || !changes.length) return null;
  return [[0, changes[0].before], ...changes.map((mark) => [mark.at, mark.after])];
}

function replicaPanel(series) {
  const { ready, starting } = series.columns;
  const live = ready.map((value, at) => value + starting[at]);
  const curves = [
    { title: "starting", ink: "starting", values: live, shown: starting, area: 1, fillOnly: true, stairs: true, say: number },
    curve(series, "ready", "ready", { title: "ready", area: 1, fillOnly: true }),
    curve(series, "uncapped", "purple", { title: "wanted without limits", dash: "6 4" }),
    curve(series, "desired", "dark", { title: "desired", exact: desiredCounts(series) }),
  ];
  // A recommendation beyond all bounds must not flatten what happened.
  const reach = (low, high) => {
    const seen = most([live, series.columns.desired], series.step, low, high);
    return Math.max(1, Math.min(most([series.columns.uncapped], series.step, low, high), 1.6 * seen), seen);
  };
  return { id: "replicas", title: "Replicas", height: 170, curves, reach, marks: true, whole: true };
}

function latencyPanel(series) {
  const options = { stairs: false, say: latency };
  const curves = [
    curve(series, "p50", "sky", { title: "p50", ...options }),
    curve(series, "p95", "orange", { title: "p95", ...options }),
    curve(series, "p99", "blue", { title: "p99", ...options }),
  ];
  return { id: "latency", title: "Latency of completions, log scale", height: 170, curves, log: true };
}

// Percentages have one scale, wherever they stand.
function percentReach(series) {
  const seen = series.percent && series.columns.signal ? [series.columns.signal] : [];
  const levels = series.percent ? series.levels.map((level) => level.value) : [];
  return Math.max(100, ...levels, most([series.columns.utilization, ...seen], series.step, 0, series.end));
}

function loadPanel(series) {
  const curves = [
    curve(series, "utilization", "green", { title: "utilization, %" }),
    curve(series, "queued", "vermillion", { title: "waiting requests (right axis)", right: true }),
  ];
  return { id: "load", title: "Load", height: 140, curves, reach: () => percentReach(series) };
}

// One replica's part of a total lies higher the more there are to be.
function signalPanel(series) {
  const curves = [curve(series, "signal", "blue", { title: "as seen", stairs: false })];
  const levels = series.levels.map(({ value, each }) => series.columns.desired.map((count) => (each ? value * count : value)));
  const top = (low, high) => most([series.columns.signal, ...levels], series.step, low, high);
  const reach = (low, high) => (series.percent ? percentReach(series) : top(low, high));
  return { id: "signal", title: `What the policy sees: ${series.signal}`, height: 130, curves, reach, levels };
}

// A row for each kind of thing that befell the service.
function incidentsPanel(series) {
  const kinds = [...new Set(series.incidents.map((incident) => incident.kind))].sort((a, b) => a - b);
  const keys = kinds.map((kind) => item(areaKey(colour(data.incidents[kind][1])), data.incidents[kind][0]));
  const strip = (inside, frame, _, x) => kinds.forEach((kind, row) => paintIncidents(inside, frame.top + 2 + 10 * row, series, kind, x));
  return { id: "incidents", title: "What befell the service", keys, strip, height: 20 + 10 * kinds.length };
}

function stretchTold({ from, to }) {
  return to > from ? `${when(from, true)} to ${when(to, true)}` : when(from, true);
}

function paintIncidents(inside, top, series, kind, x) {
  for (const incident of series.incidents.filter((one) => one.kind === kind)) {
    if (incident.to < view.from || incident.from > view.to) continue;
    const [left, right] = [x(incident.from), x(incident.to)];
    const box = { x: left - 2, y: top, width: Math.max(4, right - left), height: 8, fill: colour(data.incidents[kind][1]) };
    inside.append(svg("rect", { "data-incident": kind, ...box }, svg("title", {}, `${stretchTold(incident)}: ${incident.what}`)));
  }
}

// What befell the service crosses every panel, unless it is too much to be told apart.
function crossedBy(series, frame, x) {
  const seen = series.incidents.filter(({ from, to }) => to >= view.from && from <= view.to);
  if (seen.length > 40) return [];
  return seen.map(({ kind, from, to }) => {
    const [left, right] = [Math.max(frame.left, x(from)), Math.min(frame.right, x(to))];
    const ink = colour(data.incidents[kind][1]);
    return right - left >= 3
      ? svg("rect", { x: left, y: frame.top, width: right - left, height: frame.bottom - frame.top, fill: ink, opacity: 0.15 })
      : svg("line", { x1: left, x2: left, y1: frame.top, y2: frame.bottom, stroke: ink, "stroke-dasharray": "2 3" });
  });
}

function panels(series) {
  const decisions = { id: "decisions", title: decisionTitle(series), keys: decisionKeys(series), strip: paintMarks, height: 30 };
  const all = [trafficPanel(series), replicaPanel(series), decisions, latencyPanel(series), loadPanel(series)];
  if (series.incidents.length) all.splice(3, 0, incidentsPanel(series));
  if (series.columns.signal) all.push(signalPanel(series));
  return all;
}

// The part of the frame outside what is measured.
function unmeasured(frame, x) {
  const shade = (from, to) => {
    const [left, right] = [x(Math.max(from, x.low)), x(Math.min(to, x.high))];
    const box = { class: "outside", x: left, y: frame.top, width: right - left, height: frame.bottom - frame.top };
    return right - left > 0.5 ? [svg("rect", box)] : [];
  };
  return [...shade(0, data.window[0]), ...shade(data.window[1], extent())];
}

function latencyRange(curves, series) {
  const limits = series.has_slo ? data.slos.map((slo) => slo.limit_ms) : [];
  let [low, high] = [Infinity, Math.max(0, ...limits)];
  for (const { values } of curves) {
    const to = Math.min(values.length - 1, Math.ceil(view.to / series.step));
    for (let at = Math.max(0, Math.floor(view.from / series.step)); at <= to; at += 1) {
      const value = values[at];
      if (value !== null && value > 0) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  low = Math.min(low, high, ...limits);
  return isFinite(low) && high > 0 ? [Math.max(low, 1e-3) / 1.2, Math.max(high, low * 1.5) * 1.25] : [1, 1000];
}

function panelScale(panel, series, frame) {
  if (panel.log) {
    const [low, high] = latencyRange(panel.curves, series);
    return { y: logarithmic(low, high, frame.bottom, frame.top), ticks: logTicks(low, high, 6), say: latency };
  }
  const columns = panel.curves.filter((curve) => !curve.right).map((curve) => curve.values);
  const reach = panel.reach ? panel.reach(view.from, view.to) : most(columns, series.step, view.from, view.to);
  const ticks = linearTicks(0, Math.max(reach * 1.02, 1e-3), 4).filter((tick) => !panel.whole || Number.isInteger(tick));
  return { y: linear(0, Math.max(reach * 1.05, 1e-3), frame.bottom, frame.top), ticks, say: number };
}

function paintCurve(chart, frame, curve, series, x, y) {
  const path = curve.exact ? stairPath(curve.exact, x, y) : samplePath(curve.values, series.step, x, y, curve.stairs);
  // Nothing at all is not drawn along the bottom.
  if (!path || (curve.quiet && most([curve.values], series.step, view.from, view.to) === 0)) return;
  if (curve.area) {
    // Every piece of the path is closed down to the bottom of the panel.
    const pieces = path.split("M").filter(Boolean).map((piece) => {
      const points = piece.split("L");
      const left = points[0].split(" ")[0];
      const right = points[points.length - 1].split(" ")[0];
      return `M${left} ${frame.bottom}L${piece}L${right} ${frame.bottom}Z`;
    });
    chart.append(svg("path", { d: pieces.join(""), fill: colour(curve.ink), opacity: curve.area }));
  }
  if (!curve.fillOnly) {
    const look = { class: curve.wide ? "curve wide" : "curve", d: path, stroke: colour(curve.ink), "stroke-dasharray": curve.dash };
    chart.append(svg("path", look));
  }
}

function paintRight(chart, inside, frame, curves, series, x) {
  const reach = most(curves.map((curve) => curve.values), series.step, view.from, view.to);
  const y = linear(0, Math.max(reach * 1.1, 1), frame.bottom, frame.top);
  for (const tick of linearTicks(0, y.high, 3).filter((tick) => tick <= y.high)) {
    chart.append(words(frame.right + 5, y(tick) + 4, number(tick), { class: "quiet" }));
  }
  curves.forEach((curve) => paintCurve(inside, frame, curve, series, x, y));
}

function paintLines(chart, frame, panel, series, x, y) {
  if (panel.log && series.has_slo) {
    for (const { limit_ms } of data.slos) {
      const top = y(limit_ms);
      chart.append(svg("line", { class: "slo", x1: frame.left, x2: frame.right, y1: top, y2: top }));
    }
  }
  for (const level of panel.levels || []) {
    chart.append(svg("path", { class: "level", d: samplePath(level, series.step, x, y, true) }));
  }
}

function timeFrame(width, height, last) {
  const narrow = width < 560;
  return { left: narrow ? 48 : 58, right: width - (narrow ? 34 : 44), top: 8, bottom: height - (last ? 22 : 8) };
}

let shownPanels = [];

function drawPanel(panel, series, width, last) {
  const height = panel.height + (last ? 14 : 0);
  const frame = timeFrame(width, height, last);
  const x = linear(view.from, view.to, frame.left, frame.right);
  const chart = canvas(width, height, panel.title);
  const clip = svg("clipPath", { id: `clip-${panel.id}` }, svg("rect", { x: frame.left, y: 0, width: frame.right - frame.left, height }));
  chart.append(svg("defs", {}, clip));
  const inside = svg("g", { "clip-path": `url(#clip-${panel.id})` });
  const ticks = timeTicks(view.from, view.to, Math.max(3, (frame.right - frame.left) / 95));
  if (panel.strip) {
    chart.append(...unmeasured(frame, x), ...crossedBy(series, frame, x), ...xAxis(frame, x, ticks, false), inside);
    panel.strip(inside, frame, series, x);
  } else {
    const { y, ticks: yTicks, say } = panelScale(panel, series, frame);
    chart.append(...unmeasured(frame, x), ...crossedBy(series, frame, x), ...yAxis(frame, y, yTicks, say), ...xAxis(frame, x, ticks, last), inside);
    if (panel.marks) paintMarkLines(inside, frame, series, x);
    panel.curves.filter((curve) => !curve.right).forEach((curve) => paintCurve(inside, frame, curve, series, x, y));
    const right = panel.curves.filter((curve) => curve.right);
    if (right.length) paintRight(chart, inside, frame, right, series, x);
    paintLines(inside, frame, panel, series, x, y);
  }
  const live = svg("g", { class: "live" });
  chart.append(live);
  return { panel, chart, frame, x, live };
}

function panelHeader(panel, series) {
  if (panel.strip) return html("header", {}, html("h3", {}, panel.title), ...panel.keys);
  const keys = panel.curves.map((curve) => {
    const key = curve.area ? areaKey(colour(curve.ink), curve.area) : lineKey({ stroke: colour(curve.ink), "stroke-dasharray": curve.dash });
    curve.output = html("output", { "aria-hidden": true });
    return item(key, curve.title, curve.output);
  });
  if (panel.log && series.has_slo) keys.push(item(lineKey({ class: "slo" }), `SLO ${data.slos.map((slo) => slo.words).join(", ")}`));
  if (panel.levels && panel.levels.length) keys.push(item(lineKey({ class: "level" }), series.levels_told));
  return html("header", {}, html("h3", {}, panel.title), ...keys);
}

function drawTimeline() {
  const home = find("timeline");
  const series = current();
  if (!series) {
    home.replaceChildren(html("p", { class: "note" }, "Nothing was kept of this policy over time."));
    return;
  }
  const width = widthOf(home);
  const all = panels(series);
  shownPanels = all.map((panel, at) => drawPanel(panel, series, width, at === all.length - 1));
  const boxes = shownPanels.map((shown) => {
    const box = html("div", { class: "panel", "data-panel": shown.panel.id }, panelHeader(shown.panel, series), shown.chart);
    listen(shown);
    return box;
  });
  home.replaceChildren(...boxes, overview(series, width));
  find("shown").textContent = `${when(view.from)} to ${when(view.to)}${series.merged > 1 ? `; each pair of samples: smallest and largest of ${series.merged} intervals` : ""}`;
  drawLive();
  drawTimelineTable(series);
}

// All of the run, small; the part above is framed. A click moves it.
function overview(series, width) {
  const frame = { ...timeFrame(width, 40, false), top: 2, bottom: 36 };
  const x = linear(0, extent(), frame.left, frame.right);
  const y = linear(0, Math.max(1e-3, most([series.columns.arrivals], series.step, 0, extent())), frame.bottom, frame.top);
  const chart = canvas(width, 40, "the whole run");
  paintCurve(chart, frame, curve(series, "arrivals", "grey", { area: 0.4, fillOnly: true }), series, x, y);
  const box = { x: x(view.from), y: frame.top, width: Math.max(2, x(view.to) - x(view.from)), height: 34 };
  chart.append(svg("rect", { class: "select", ...box }), svg("rect", { fill: "none", stroke: colour("accent"), ...box }));
  const move = (event) => {
    if (event.buttons === 0 && event.type === "pointermove") return;
    const at = x.invert(place(chart, event));
    const half = (view.to - view.from) / 2;
    zoomTo(at - half, at + half);
  };
  chart.addEventListener("pointerdown", move);
  return html("div", { class: "panel", "data-panel": "overview" }, chart);
}

// The horizontal place of the pointer in the units of a chart.
function place(chart, event) {
  const box = chart.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
}

// Crosshair, selection and the chosen decision: what changes without a new drawing.
function drawLive() {
  const series = current();
  for (const { panel, frame, x, live } of shownPanels) {
    const marks = [];
    const upright = (seconds, kind) => {
      if (seconds === null || seconds < view.from || seconds > view.to) return;
      marks.push(svg("line", { class: kind, x1: x(seconds), x2: x(seconds), y1: 0, y2: frame.bottom }));
    };
    if (view.drag) {
      const [from, to] = [Math.min(...view.drag), Math.max(...view.drag)];
      marks.push(svg("rect", { class: "select", x: from, y: 0, width: to - from, height: frame.bottom }));
    }
    upright(view.cursor, "cursor");
    if (view.decision !== null) upright(series.decisions[view.decision].at, "chosen");
    live.replaceChildren(...marks);
    for (const curve of panel.curves || []) {
      const at = view.cursor === null ? -1 : Math.floor(view.cursor / series.step);
      curve.output.textContent = at < 0 || at >= curve.values.length ? "" : curve.say((curve.shown || curve.values)[at]);
    }
  }
  find("cursor").textContent = view.cursor === null ? "" : when(view.cursor, series.step < 60);
}

function listen({ chart, frame, x, panel }) {
  const within = (event) => Math.min(frame.right, Math.max(frame.left, place(chart, event)));
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    view.drag = [within(event), within(event)];
    if (event.isTrusted) chart.setPointerCapture(event.pointerId);
  });
  chart.addEventListener("pointermove", (event) => {
    view.cursor = x.invert(within(event));
    if (view.drag) view.drag[1] = within(event);
    drawLive();
  });
  chart.addEventListener("pointerup", (event) => {
    if (!view.drag) return;
    const [from, to] = [Math.min(...view.drag), Math.max(...view.drag)];
    view.drag = null;
    if (to - from > 6) zoomTo(x.invert(from), x.invert(to));
    else if (panel.id === "decisions" || panel.marks) chooseNearest(x, place(chart, event));
    else drawLive();
  });
  const leave = () => {
    view.cursor = null;
    view.drag = null;
    drawLive();
  };
  chart.addEventListener("pointercancel", leave);
  chart.addEventListener("pointerleave", leave);
}

// Shows a stretch of time, no shorter than a few samples and never beyond the run.
function zoomTo(from, to) {
  const series = current();
  const least = series ? 4 * series.step : 1;
  const length = Math.min(extent(), Math.max(least, to - from));
  const middle = (from + to) / 2;
  view.from = Math.min(Math.max(0, middle - length / 2), extent() - length);
  view.to = view.from + length;
  drawTimeline();
}

function zoomBy(factor, shift) {
  const length = view.to - view.from;
  const middle = (view.from + view.to) / 2 + (shift || 0) * length;
  zoomTo(middle - (length * factor) / 2, middle + (length * factor) / 2);
}

// A policy for everything below the comparison.
function choose(policy, service) {
  view.policy = policy;
  view.service = service || view.service;
  view.decision = null;
  drawControls();
  drawTimeline();
  drawTrail();
  drawWeek();
  drawReactions();
  drawDistributions();
}

function option(value, text, chosen) {
  return html("option", { value, selected: chosen }, text);
}

// A choice of the policy, wherever what is shown depends on it.
function policyPicker(id) {
  const picker = html("select", { id }, data.policies.map((policy, at) => option(at, policy.name, at === view.policy)));
  picker.addEventListener("change", () => {
    choose(Number(picker.value));
    find(id).focus();
  });
  return html("label", { class: "picker" }, "Policy", picker);
}

function drawControls() {
  const name = data.policies[view.policy].name;
  const [opening, why] = data.opening;
  find("opening").textContent = view.policy === opening
    ? `Shown: ${name}, ${why}.`
    : `Shown: ${name}, as chosen. The page opened on ${data.policies[opening].name}: ${why}.`;
  find("h-time").textContent = `Over time: ${name}`;
  find("h-week").textContent = `Waste and unmet demand by hour of the week: ${name}`;
  find("h-reaction").textContent = `How long scaling out took: ${name}`;
  const names = data.series.filter((series) => series.policy === view.policy).map((series) => series.service);
  const services = html("select", { id: "service" }, names.map((name) => option(name, name, name === view.service)));
  services.addEventListener("change", () => {
    choose(view.policy, services.value);
    find("service").focus();
  });
  const button = (id, text, label, act) => {
    const node = html("button", { type: "button", id, "aria-label": label, title: label }, text);
    node.addEventListener("click", act);
    return node;
  };
  const series = current();
  const moments = (series ? series.moments : []).map((moment, at) => {
    const margin = Math.max(300, moment.to - moment.from);
    const label = `worst moment ${at + 1}: ${moment.when}, ${moment.what}`;
    return button(`worst-${at + 1}`, moment.when, label, () => zoomTo(moment.from - margin, moment.to + margin));
  });
  find("controls").replaceChildren(
    policyPicker("policy"),
    ...(names.length > 1 ? [html("label", {}, "Service", services)] : []),
    button("zoom-in", "+", "zoom in", () => zoomBy(0.5)), button("zoom-out", "\u2212", "zoom out", () => zoomBy(2)),
    button("earlier", "\u2190", "earlier", () => zoomBy(1, -0.5)), button("later", "\u2192", "later", () => zoomBy(1, 0.5)),
    button("all", "All", "show everything", () => zoomTo(0, extent())),
    ...(moments.length ? [html("span", { class: "shown" }, "worst moments:"), ...moments] : []),
    html("span", { class: "gap" }), html("span", { class: "shown", id: "cursor" }), html("span", { class: "shown", id: "shown" }));
}

function timelineKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = {
    ArrowLeft: () => zoomBy(1, -0.2), ArrowRight: () => zoomBy(1, 0.2), "+": () => zoomBy(0.5), "=": () => zoomBy(0.5),
    "-": () => zoomBy(2), 0: () => zoomTo(0, extent()), n: () => step(1), p: () => step(-1),
  };
  if (acts[event.key] && event.target === find("timeline")) {
    event.preventDefault();
    acts[event.key]();
  }
}

// The part shown, in at most so many rows: means of traffic, ends of counts, worst latencies.
const ROWS = 48;

function drawTimelineTable(series) {
  const first = Math.max(0, Math.floor(view.from / series.step));
  const last = Math.min(series.columns.arrivals.length, Math.ceil(view.to / series.step));
  const each = Math.max(1, Math.ceil((last - first) / ROWS));
  const heads = ["from", "offered per s", "failed per s", "desired", "ready", "p99, worst", "waiting, most", "utilization, %, mean"];
  const body = [];
  for (let at = first; at < last; at += each) {
    const part = (name) => series.columns[name].slice(at, Math.min(at + each, last)).filter((value) => value !== null);
    const mean = (name) => (part(name).length ? part(name).reduce((a, b) => a + b, 0) / part(name).length : null);
    const top = (name) => (part(name).length ? Math.max(...part(name)) : null);
    const cells = [number(mean("arrivals")), number(mean("failed")), number(top("desired")), number(mean("ready")),
      latency(top("p99")), number(top("queued")), number(mean("utilization"))];
    body.push(html("tr", {}, html("th", { scope: "row" }, when(at * series.step, series.step < 60)), cells.map((cell) => html("td", {}, cell))));
  }
  find("timeline-table").replaceChildren(html("table", {},
    html("thead", {}, html("tr", {}, heads.map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, body)));
}

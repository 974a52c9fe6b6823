// Cost to the right, latency upwards: every policy, what no other beats, the SLO. Where every percentile is
// infinite, the share that failed stands in its place.

const limitUpwards = data.failing ? null : data.limit_ms;

function upwards(value) {
  return data.failing ? percent(value) : latency(value);
}

function frontierScales(frame, points) {
  const costs = points.flatMap(({ policy }) => [policy.cost.mean, policy.cost.low, policy.cost.high]);
  if (data.work_bound !== null) costs.push(data.work_bound);
  const [least, dearest] = [Math.min(...costs), Math.max(...costs)];
  const margin = 0.08 * Math.max(dearest - least, 0.1 * dearest, 1e-9);
  const low = least - margin < 0.3 * dearest ? 0 : least - margin;
  // One policy far dearer than the others would push them all together.
  const chosen = points.map((point) => point.policy.cost.mean);
  const wide = Math.min(...chosen) > 0 && least > 0 && Math.max(...chosen) > 5 * Math.min(...chosen);
  const x = wide
    ? logarithmic(least / 1.2, dearest * 1.2, frame.left, frame.right)
    : linear(low, dearest + margin, frame.left, frame.right);
  const slow = points.flatMap(({ policy: { latency } }) => (latency ? [latency.mean, latency.low, latency.high] : [])).filter((ms) => ms > 0);
  if (limitUpwards !== null) slow.push(limitUpwards);
  const [fastest, slowest] = slow.length ? [Math.min(...slow), Math.max(...slow)] : [1, 1000];
  // Dots need no zero below them where they all lie far above it.
  const bottom = fastest > 0.5 * slowest && !data.failing ? Math.max(0, fastest - 0.5 * (slowest - fastest) - 0.02 * slowest) : 0;
  const y = slowest > 10 * fastest && !data.failing
    ? logarithmic(fastest / 1.5, slowest * 1.8, frame.bottom, frame.top)
    : linear(bottom, slowest + 0.2 * (slowest - bottom), frame.bottom, frame.top);
  return { x, y };
}

function frontierStairs(points, x, y) {
  const on = points.filter((point) => point.policy.on_frontier && point.policy.latency);
  on.sort((a, b) => a.policy.cost.mean - b.policy.cost.mean);
  let path = "";
  on.forEach((point, n) => {
    const left = x(point.policy.cost.mean);
    const top = y(point.policy.latency.mean);
    const right = n + 1 < on.length ? x(on[n + 1].policy.cost.mean) : x(x.high);
    path += n === 0 ? `M${left} ${y(y.high)}V${top}H${right}` : `L${left} ${top}H${right}`;
  });
  return svg("path", { class: "frontier", d: path });
}

// Words beside a dot, where they cover least of what is already there.
function placeLabel(taken, frame, left, top, text) {
  const width = 7.4 * text.length;
  let best = null;
  for (const gap of [12, 22, 36]) {
    for (const [dx, dy, anchor] of [[1, 0.3, "start"], [-1, 0.3, "end"], [0, -1, "middle"],
      [0, 1.7, "middle"], [1, -0.8, "start"], [-1, -0.8, "end"], [1, 1.4, "start"], [-1, 1.4, "end"]]) {
      const x = left + dx * gap;
      const y = top + dy * gap * (dx ? 1 : 0.9) + (dx && dy === 0.3 ? 1 : 0);
      const from = anchor === "start" ? x : anchor === "end" ? x - width : x - width / 2;
      const box = [from, y - 11, from + width, y + 3];
      const outside = Math.max(0, frame.left - box[0]) + Math.max(0, box[2] - frame.right)
        + Math.max(0, frame.top - box[1]) + Math.max(0, box[3] - frame.bottom);
      const over = taken.reduce((sum, other) => sum
        + Math.max(0, Math.min(box[2], other[2]) - Math.max(box[0], other[0]))
        * Math.max(0, Math.min(box[3], other[3]) - Math.max(box[1], other[1])), 0);
      const cost = 1000 * outside + over + 0.05 * gap;
      if (!best || cost < best.cost) best = { cost, x, y, anchor, box };
    }
  }
  taken.push(best.box);
  return best;
}

function frontierDot(point, x, y, frame) {
  const { policy, at } = point;
  const ink = seriesColour(at);
  const left = x(policy.cost.mean);
  const top = policy.latency ? y(policy.latency.mean) : frame.top + 12;
  const bar = (x1, x2, y1, y2) => svg("line", { x1, x2, y1, y2, stroke: ink, "stroke-width": 1.6 });
  const marks = [bar(x(policy.cost.low), x(policy.cost.high), top, top)];
  if (policy.latency) marks.push(bar(left, left, y(policy.latency.low), y(policy.latency.high)));
  const hollow = policy.met === false;
  const look = { fill: hollow ? colour("paper") : ink, stroke: ink, "stroke-width": 2.2 };
  if (!policy.latency) {
    marks.push(svg("path", { d: `M${left - 8} ${top + 7}L${left} ${top - 8}L${left + 8} ${top + 7}Z`, ...look }));
  } else if (policy.sees_future) {
    marks.push(svg("path", { d: `M${left - 8} ${top}L${left} ${top - 8}L${left + 8} ${top}L${left} ${top + 8}Z`, ...look }));
  } else {
    marks.push(svg("circle", { cx: left, cy: top, r: 6.5, ...look }));
  }
  const verdict = policy.met === null ? "" : policy.met ? ", keeps the SLO" : ", misses the SLO";
  const spoken = `${policy.name}: ${data.cost_title} ${number(policy.cost.mean)}, `
    + `${data.latency_title} ${policy.latency ? upwards(policy.latency.mean) : "infinite"}${verdict}`;
  const hit = svg("circle", { cx: left, cy: top, r: 15, fill: "transparent" });
  const dot = svg("g", { class: "dot", role: "button", tabindex: 0, "aria-label": spoken, "data-dot": at }, hit, marks);
  hintFor(dot, () => frontierHint(policy));
  onPress(dot, () => {
    choose(at);
    find("time").scrollIntoView({ behavior: "auto", block: "start" });
  });
  return { dot, left, top };
}

function frontierHint(policy) {
  const spread = ({ mean, low, high }, say) =>
    high > low ? `${say(mean)} (${say(low)} to ${say(high)})` : say(mean);
  const pairs = [[data.cost_title, spread(policy.cost, number)]];
  pairs.push([data.latency_title, policy.latency ? spread(policy.latency, upwards) : "infinite"]);
  const title = policy.met === null ? policy.name : `${policy.name}: ${policy.met ? "keeps" : "misses"} the SLO`;
  return [html("b", {}, title), `${policy.kind}${policy.sees_future ? ", sees the future" : ""}`, rows([...pairs, ...policy.words])];
}

function frontierLines(chart, frame, x, y, taken) {
  if (limitUpwards !== null) {
    const top = y(limitUpwards);
    const text = `SLO ${data.slo}`;
    chart.append(svg("line", { class: "slo", x1: frame.left, x2: frame.right, y1: top, y2: top }),
      words(frame.right - 4, top - 6, text, { "text-anchor": "end", class: "slo-words halo" }));
    taken.push([frame.right - 7 * text.length, top - 18, frame.right, top - 2], [frame.left, top - 1, frame.right, top + 1]);
  }
  if (data.work_bound !== null) {
    const left = x(data.work_bound);
    const text = `work bound ${data.work_bound_words}`;
    const line = { x1: left, x2: left, y1: frame.top, y2: frame.bottom, stroke: colour("purple"), "stroke-dasharray": "2 4", "stroke-width": 1.5 };
    // Beside the line, on the side that has room for it.
    const long = 7 * text.length;
    const before = left + long > frame.right;
    const anchor = { class: "quiet halo", "text-anchor": before ? "end" : "start" };
    chart.append(svg("line", line), words(before ? left - 6 : left + 6, frame.bottom - 8, text, anchor));
    taken.push([before ? left - long : left, frame.bottom - 20, before ? left : left + long, frame.bottom - 2]);
  }
}

function drawFrontier() {
  const home = find("frontier");
  const width = widthOf(home);
  const height = width < 560 ? 360 : 430;
  const frame = { left: 62, top: 14, right: width - 12, bottom: height - 46, tight: true };
  const points = data.policies.map((policy, at) => ({ policy, at })).filter(({ policy }) => policy.placed && policy.cost);
  const chart = canvas(width, height, `${data.latency_title} against ${data.cost_title}, one dot for each policy`, "group");
  const { x, y } = frontierScales(frame, points);
  const yTicks = y.log ? logTicks(y.low, y.high, 9) : linearTicks(y.low, y.high, 6);
  const most = Math.max(3, width / 110);
  const xTicks = (x.log ? logTicks(x.low, x.high, most) : linearTicks(x.low, x.high, most))
    .filter((tick) => tick >= x.low && tick <= x.high)
    .map((at) => ({ at, label: number(at) }));
  chart.append(...yAxis(frame, y, yTicks, upwards), ...xAxis(frame, x, xTicks, true));
  chart.append(words((frame.left + frame.right) / 2, height - 8, `${data.cost_title}${x.log ? ", log scale" : ""}`, { "text-anchor": "middle" }));
  chart.append(words(frame.left, frame.top - 2, `${data.latency_title}${y.log ? ", log scale" : ""}`, { class: "halo" }));
  const taken = [[frame.left, 0, frame.left + 7 * data.latency_title.length + 70, frame.top + 2]];
  frontierLines(chart, frame, x, y, taken);
  chart.append(frontierStairs(points, x, y));
  const dots = points.map((point) => ({ point, ...frontierDot(point, x, y, frame) }));
  dots.forEach(({ left, top }) => taken.push([left - 9, top - 9, left + 9, top + 9]));
  for (const { point, left, top, dot } of dots) {
    const name = point.policy.name;
    const spot = placeLabel(taken, frame, left, top, name);
    dot.append(words(spot.x, spot.y, name, { "text-anchor": spot.anchor, class: "strong halo" }));
    chart.append(dot);
  }
  home.replaceChildren(chart);
}

function frontierLegend() {
  const dot = (attributes) => sketch(svg("circle", { cx: 11, cy: 6, r: 5, stroke: colour("grey"), "stroke-width": 2, ...attributes }));
  const has = (test) => data.policies.some(test);
  const entries = [];
  if (has((p) => p.met === true)) entries.push(item(dot({ fill: colour("grey") }), "keeps the SLO"));
  if (has((p) => p.met === false)) entries.push(item(dot({ fill: "none" }), "misses the SLO"));
  if (has((p) => p.placed && !p.latency)) {
    entries.push(item(sketch(svg("path", { d: "M5 11L11 1L17 11Z", fill: colour("grey") })), "so many fail that the latency is infinite"));
  }
  if (has((p) => p.sees_future)) {
    entries.push(item(sketch(svg("path", { d: "M5 6L11 0L17 6L11 12Z", fill: colour("grey") })), "sees the future: a reference"));
  }
  if (has((p) => p.on_frontier)) entries.push(item(lineKey({ stroke: colour("grey") }), "frontier: no other is both cheaper and faster"));
  find("frontier-legend").replaceChildren(...entries);
}

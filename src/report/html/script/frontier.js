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

function frontierStairs(points, x, y, taken) {
  const on = points.filter((point) => point.policy.on_frontier && point.policy.latency);
  on.sort((a, b) => a.policy.cost.mean - b.policy.cost.mean);
  let path = "";
  on.forEach((point, n) => {
    const left = x(point.policy.cost.mean);
    const top = y(point.policy.latency.mean);
    const right = n + 1 < on.length ? x(on[n + 1].policy.cost.mean) : x(x.high);
    const above = n === 0 ? y(y.high) : y(on[n - 1].policy.latency.mean);
    path += n === 0 ? `M${left} ${above}V${top}H${right}` : `L${left} ${top}H${right}`;
    taken.soft.push([left - 2, above, left + 2, top], [left, top - 2, right, top + 2]);
  });
  return svg("path", { class: "frontier", d: path });
}

function frontierDot(point, x, y, frame) {
  const { policy, at } = point;
  const ink = seriesColour(at);
  const left = x(policy.cost.mean);
  const top = policy.latency ? y(policy.latency.mean) : frame.top + 12;
  const bars = [];
  const bar = (x1, x2, y1, y2) => {
    bars.push([x1 - 2, Math.min(y1, y2) - 2, x2 + 2, Math.max(y1, y2) + 2]);
    return svg("line", { x1, x2, y1, y2, stroke: ink, "stroke-width": 1.6 });
  };
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
  return { dot, left, top, bars };
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
    chart.append(svg("line", { class: "slo", x1: frame.left, x2: frame.right, y1: top, y2: top }));
    taken.soft.push([frame.left, top - 2, frame.right, top + 2]);
  }
  if (data.work_bound !== null) {
    const left = x(data.work_bound);
    const text = `work bound ${data.work_bound_words}`;
    const line = { x1: left, x2: left, y1: frame.top, y2: frame.bottom, stroke: colour("purple"), "stroke-dasharray": "2 4", "stroke-width": 1.5 };
    // Beside the line, on the side that has room for it.
    const long = textWidth(text, 12) + 8;
    const before = left + long > frame.right;
    const anchor = { class: "quiet halo", "text-anchor": before ? "end" : "start" };
    chart.append(svg("line", line), words(before ? left - 6 : left + 6, frame.bottom - 8, text, anchor));
    taken.words.push([before ? left - long : left, frame.bottom - 20, before ? left : left + long, frame.bottom - 2]);
    taken.soft.push([left - 2, frame.top, left + 2, frame.bottom]);
  }
}

function drawFrontier() {
  const home = find("frontier");
  const width = widthOf(home);
  const points = data.policies.map((policy, at) => ({ policy, at })).filter(({ policy }) => policy.placed && policy.cost);
  // Many names need rows on a narrow page.
  const height = width < 560 ? 360 + 12 * Math.min(points.length, 12) : 430;
  const frame = { left: 62, top: 14, right: width - 12, bottom: height - 46, tight: true };
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
  const taken = nothingTaken();
  frontierLines(chart, frame, x, y, taken);
  chart.append(frontierStairs(points, x, y, taken));
  const dots = points.map((point) => ({ point, ...frontierDot(point, x, y, frame) }));
  dots.forEach(({ left, top, bars }) => {
    markTaken(taken, left, top);
    taken.soft.push(...bars);
  });
  const labels = dots.map(({ point, left, top }) => placeLabel(taken, frame, left, top, point.policy.name, NARROW.matches ? 11 : 13));
  chart.append(...labels.filter(({ leader }) => leader).map(({ leader }) => svg("path", { class: "leader", d: leader })));
  dots.forEach(({ point, dot }, at) => {
    const { x: from, y: line, text, shortened } = labels[at];
    const named = words(from, line, text, { class: "name-of halo", "data-label": point.at });
    if (shortened) named.append(svg("title", {}, point.policy.name));
    dot.append(named);
    chart.append(dot);
  });
  home.replaceChildren(chart);
}

function frontierLegend() {
  const dot = (attributes) => sketch(svg("circle", { cx: 11, cy: 6, r: 5, stroke: colour("grey"), "stroke-width": 2, ...attributes }));
  const has = (test) => data.policies.some(test);
  const entries = [];
  if (limitUpwards !== null) entries.push(item(lineKey({ class: "slo" }), `SLO ${data.slo}`));
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

// Draws loss and accuracy while a model trains. Python sends one `frame` at a
// time: all points as float32 (the x of a curve, then its y), what they are,
// a text alternative, and how far the training is.
const SPACE = { left: 52, right: 22, top: 28, bottom: 38 };
const HEIGHT = 270;
const FONT = "12px sans-serif";

function curvesOf(frame) {
  const view = frame.points;
  if (!view) return [];
  const start = view.byteOffset;
  const bytes = view.buffer.slice(start, start + view.byteLength);
  const numbers = new Float32Array(bytes);
  let at = 0;
  return frame.curves.map((curve) => {
    const xs = numbers.subarray(at, at + curve.count);
    const ys = numbers.subarray(at + curve.count, at + 2 * curve.count);
    at += 2 * curve.count;
    return { ...curve, xs, ys };
  });
}

// Round steps of 1, 2 or 5 times a power of ten.
function roundStep(reach, most) {
  const rough = reach / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * 0.999);
  return factor * power;
}

function linearTicks(low, high, most) {
  const step = roundStep(high - low, most);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * 1.0001; i++) {
    ticks.push(i * step);
  }
  return ticks;
}

// Powers of ten; where fewer than two are in sight, 2 and 5 between them.
function logTicks(low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const skip = Math.ceil((last - first + 1) / 7);
  const ticks = [];
  if (last - first >= 1) {
    for (let p = first; p <= last; p += skip) ticks.push(10 ** p);
    return ticks;
  }
  for (let p = first - 1; p <= last + 1; p++) {
    for (const f of [1, 2, 5]) {
      const tick = f * 10 ** p;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high, 4);
}

function label(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    return value.toExponential(size < 1 ? 0 : 1).replace(".0e", "e");
  }
  return String(Number(value.toPrecision(4)));
}

function limits(curves, panel, log) {
  let low = Infinity;
  let high = -Infinity;
  for (const { ys } of curves) {
    for (const y of ys) {
      if (!Number.isFinite(y) || (log && y <= 0)) continue;
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (panel === "accuracy") return [Math.min(0.9, low) * 0.98, 1.01];
  if (log) return [low / 1.2, high * 1.2];
  const least = low >= 0 ? 0 : low - 0.05 * (high - low);
  return [least, high > least ? high + 0.05 * (high - least) : least + 1];
}

function drawPanel(g, box, panel, frame, curves, log, colours) {
  const { left, top, width, height } = box;
  const [low, high] = limits(curves, panel, log);
  const scale = log ? Math.log10 : (value) => value;
  const [bottom, reach] = [scale(low), scale(high) - scale(low)];
  const end = Math.max(frame.until, 1e-6);
  const across = (x) => left + (width * x) / end;
  const up = (y) => top + height * (1 - (scale(y) - bottom) / reach);
  const line = (points, colour, thick, dashes = []) => {
    g.strokeStyle = colour;
    g.lineWidth = thick;
    g.setLineDash(dashes);
    g.beginPath();
    let pen = false;
    for (const [x, y] of points) {
      if (!Number.isFinite(y)) pen = false;
      else if (pen) g.lineTo(x, y);
      else g.moveTo(x, y);
      pen = Number.isFinite(y);
    }
    g.stroke();
    g.setLineDash([]);
  };
  g.font = FONT;
  g.textBaseline = "middle";
  g.textAlign = "right";
  for (const tick of log ? logTicks(low, high) : linearTicks(low, high, 5)) {
    const y = up(tick);
    line([[left, y], [left + width, y]], colours.grid, 1);
    g.fillStyle = colours.text;
    g.fillText(label(tick), left - 6, y);
  }
  g.textAlign = "center";
  const most = Math.max(2, Math.floor(width / 55));
  for (const tick of linearTicks(0, end, most)) {
    line([[across(tick), top + height], [across(tick), top + height + 4]],
      colours.axis, 1);
    g.fillStyle = colours.text;
    g.fillText(label(tick), across(tick), top + height + 13);
  }
  g.fillText("epoch", left + width / 2, top + height + 29);
  line([[left, top], [left, top + height], [left + width, top + height]],
    colours.axis, 1);
  // A change of the learning rate.
  for (const x of frame.marks) {
    line([[across(x), top], [across(x), top + height]], colours.axis, 1,
      [2, 4]);
  }
  g.save();
  g.beginPath();
  g.rect(left, top - 2, width + 4, height + 4);
  g.clip();
  for (const curve of curves) {
    const points = Array.from(curve.xs, (x, i) => {
      const y = curve.ys[i];
      return [across(x), log && y <= 0 ? NaN : up(y)];
    });
    line(points, colours[curve.kind], 1.8);
    if (curve.count <= 40) {
      g.fillStyle = colours[curve.kind];
      for (const [x, y] of points) {
        if (!Number.isFinite(y)) continue;
        g.beginPath();
        g.arc(x, y, 2.5, 0, 7);
        g.fill();
      }
    }
  }
  g.restore();
  g.textAlign = "left";
  g.fillStyle = colours.text;
  g.font = `bold ${FONT}`;
  g.fillText(panel, left, 12);
  let at = left + g.measureText(panel).width + 16;
  g.font = FONT;
  for (const { kind } of curves) {
    line([[at, 12], [at + 18, 12]], colours[kind], 3);
    g.fillStyle = colours.text;
    g.fillText(kind, at + 23, 12);
    at += g.measureText(kind).width + 36;
  }
}

function render({ model, el }) {
  const box = document.createElement("div");
  const canvas = document.createElement("canvas");
  const row = document.createElement("div");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  const choice = document.createElement("label");
  const log = document.createElement("input");
  box.className = "course-curves";
  box.style.cssText = "width: 100%; max-width: 760px; min-width: 300px";
  canvas.setAttribute("role", "img");
  canvas.style.cssText = `width: 100%; height: ${HEIGHT}px; display: block`;
  row.style.cssText =
    "display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px";
  bar.setAttribute("aria-label", "how much of the training is done");
  log.type = "checkbox";
  choice.style.marginLeft = "auto";
  choice.append(log, " logarithmic loss");
  row.append(bar, words, choice);
  box.append(canvas, row);
  el.append(box);
  let waiting = 0;

  function draw() {
    waiting = 0;
    const frame = model.get("frame");
    const colours = model.get("colours");
    const wide = Math.max(box.clientWidth, 300);
    const ratio = window.devicePixelRatio || 1;
    // Setting the size also clears it.
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(HEIGHT * ratio);
    const g = canvas.getContext("2d");
    g.scale(ratio, ratio);
    g.fillStyle = colours.paper;
    g.fillRect(0, 0, wide, HEIGHT);
    const curves = curvesOf(frame);
    const panels = ["loss", "accuracy"].filter(
      (name) => name === "loss" || curves.some((c) => c.panel === name)
    );
    panels.forEach((panel, i) => {
      const whole = wide / panels.length;
      const place = {
        left: i * whole + SPACE.left,
        top: SPACE.top,
        width: whole - SPACE.left - SPACE.right,
        height: HEIGHT - SPACE.top - SPACE.bottom,
      };
      const own = curves.filter((curve) => curve.panel === panel);
      const isLog = panel === "loss" && model.get("log");
      drawPanel(g, place, panel, frame, own, isLog, colours);
    });
    canvas.dataset.points = curves.reduce((sum, c) => sum + c.count, 0);
    canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
  }
  // A tab in the background draws nothing, and catches up when it is seen.
  function soon() {
    waiting ||= requestAnimationFrame(draw);
  }
  function tell() {
    const frame = model.get("frame");
    canvas.setAttribute("aria-label", frame.alt);
    bar.value = frame.progress;
    words.textContent = frame.text;
    soon();
  }
  function switched() {
    log.checked = model.get("log");
    soon();
  }

  log.addEventListener("change", () => {
    model.set("log", log.checked);
    model.save_changes();
  });
  model.on("change:frame", tell);
  model.on("change:log", switched);
  const size = new ResizeObserver(soon);
  size.observe(box);
  const stop = namesAround(el);
  tell();
  switched();
  return () => {
    cancelAnimationFrame(waiting);
    size.disconnect();
    stop();
    model.off("change:frame", tell);
    model.off("change:log", switched);
  };
}

export default { render };

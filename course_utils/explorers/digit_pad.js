// A pad for drawing digits, and how a network reads them. The browser keeps
// the strokes. While somebody draws it sends a drawing as a message: number,
// strokes ([x, y, x, y, ...] each, in the unit square) and 28 x 28 grey levels.
// Python sends back an `answer`: the number of the drawing, what the network
// was given, probabilities, and all of it in words. One drawing is under way
// at a time; what was drawn meanwhile goes when the answer is there, or when
// the pen is lifted.
const SIDE = 28;
const FINE = 10 * SIDE;
const PEN = 2.3 / SIDE; // width of a felt pen
const DIGITS = [...Array(10).keys()];
const PAUSE = 35; // milliseconds from an answer to the next drawing
const BUSY = 1500; // milliseconds until a wait is explained
const LOST = 5000; // until a drawing without an answer counts as lost
const HELP =
  "Draw with mouse, finger or pen. Keys: arrows move the pen (Shift: " +
  "faster), Space lowers or lifts it, Backspace undoes, Delete clears.";
const STYLE = `
.course-pad { display: flex; flex-wrap: wrap; gap: 12px 24px;
  align-items: flex-start; padding: 6px; box-sizing: border-box;
  font-family: var(--jp-ui-font-family, sans-serif); font-size: 13px;
  line-height: 1.4; color: var(--jp-ui-font-color1, inherit) }
.course-pad > div { flex: none; max-width: 100% }
.course-pad .heading { margin-bottom: 4px }
.course-pad canvas { display: block; aspect-ratio: 1; max-width: 100%;
  background: var(--board); box-shadow: 0 0 0 1px var(--edge) }
.course-pad .board { width: 280px; cursor: crosshair; touch-action: none;
  user-select: none; -webkit-user-select: none;
  -webkit-touch-callout: none }
.course-pad .seen { width: 140px; image-rendering: pixelated }
.course-pad .board:focus { outline: 3px solid var(--focus);
  outline-offset: 2px }
.course-pad .row { display: flex; gap: 8px; margin-top: 8px }
.course-pad button { font: inherit; color: inherit; min-height: 28px;
  padding: 2px 14px; cursor: pointer; border: 1px solid var(--edge);
  border-radius: 3px; background: var(--jp-layout-color2, transparent) }
.course-pad fieldset { border: 0; margin: 8px 0 0; padding: 0;
  max-width: 150px }
.course-pad label { display: flex; align-items: baseline; gap: 6px;
  margin-top: 4px }
.course-pad input { flex: none; margin: 0 }
.course-pad :is(button, input):focus-visible {
  outline: 2px solid var(--focus); outline-offset: 2px }
.course-pad .answer { width: 290px }
.course-pad .words { min-height: 1.4em; margin-bottom: 4px;
  overflow-wrap: anywhere }
.course-pad .words.read { font-size: 20px; line-height: 1; font-weight: bold }
.course-pad ol { list-style: none; margin: 0; padding: 0 }
.course-pad li { display: flex; align-items: center; height: 25px; gap: 8px }
.course-pad .digit { width: 1em; text-align: right }
.course-pad .track { flex: 1; height: 17px }
.course-pad .bar { display: block; width: 0; height: 100%;
  background: var(--bar) }
.course-pad .share { width: 4.2em; text-align: right;
  font-variant-numeric: tabular-nums }
.course-pad .best { font-weight: bold }
.course-pad .best .bar { background: var(--best) }
.course-pad.stale :is(ol, .seen, .words) { opacity: 0.45 }
.course-pad > .help { flex: 1 0 100%; font-size: 12px }
.course-pad > .help p { margin: 0 }
.course-pad .trouble:not(:empty) { font-weight: bold; margin-top: 8px;
  width: 280px }
.course-pad .spoken { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap }
`;

function make(name, kind = "", ...inside) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.append(...inside);
  return element;
}

function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function trace(g, strokes, size) {
  g.lineWidth = PEN * size;
  g.lineCap = "round";
  g.lineJoin = "round";
  for (const points of strokes) {
    g.beginPath();
    if (points.length === 2) {
      // Not every browser draws a line without length.
      g.arc(points[0] * size, points[1] * size, (PEN * size) / 2, 0, 7);
      g.fill();
      continue;
    }
    g.moveTo(points[0] * size, points[1] * size);
    for (let i = 2; i < points.length; i += 2) {
      g.lineTo(points[i] * size, points[i + 1] * size);
    }
    g.stroke();
  }
}

// What both views of one pad share: the strokes, and the way to Python.
function makePad() {
  const fine = document.createElement("canvas");
  fine.width = fine.height = FINE;
  const g = fine.getContext("2d", { willReadFrequently: true });
  let model = null;
  let sentAt = 0;
  let answeredAt = 0;
  let again = 0;
  let dirty = false;

  const pad = {
    strokes: [],
    drawing: false, // the last stroke is not finished
    alive: true, // there is a kernel to answer
    number: 0, // of the last drawing that was sent
    answered: 0, // of the last one that was answered
    views: new Set(),

    attach(itsModel) {
      model = itsModel;
      model.on("change:drawing", load); // Python has drawn
      model.on("change:answer", () => {
        pad.answered = model.get("answer").number;
        answeredAt = performance.now();
        send();
        for (const view of pad.views) view.answer();
      });
      load();
      pad.answered = model.get("answer").number;
    },
    // Milliseconds that Python has been thinking, 0 if it is not.
    waiting() {
      return pad.answered < pad.number ? performance.now() - sentAt : 0;
    },
    // Whether the bars belong to what is on the pad.
    settled() {
      return !dirty && pad.answered >= pad.number;
    },
    begin(x, y) {
      pad.strokes = [...pad.strokes, []];
      pad.drawing = true;
      pad.move([[x, y]]);
    },
    move(places) {
      const last = pad.strokes[pad.strokes.length - 1];
      const short = places.flat().map((v) => Math.round(within(v, -1, 2) * 1e4));
      last.push(...short.map((v) => v / 1e4));
      changed();
    },
    end() {
      pad.drawing = false;
      send(true);
    },
    undo() {
      pad.drawing = false;
      pad.strokes = pad.strokes.slice(0, -1);
      changed();
    },
    clear() {
      pad.drawing = false;
      pad.strokes = [];
      changed();
    },
  };

  function load() {
    const { number, strokes } = model.get("drawing");
    pad.number = number;
    sentAt = performance.now();
    pad.strokes = strokes.map((points) => [...points]);
    pad.drawing = false;
    dirty = false;
    for (const view of pad.views) view.redraw();
  }
  function changed() {
    dirty = true;
    for (const view of pad.views) view.redraw();
    send();
  }
  function pixels() {
    g.clearRect(0, 0, FINE, FINE);
    trace(g, pad.strokes, FINE);
    const { data } = g.getImageData(0, 0, FINE, FINE);
    const sums = new Float32Array(SIDE * SIDE);
    for (let y = 0; y < FINE; y++) {
      const row = SIDE * Math.floor((y * SIDE) / FINE);
      for (let x = 0; x < FINE; x++) {
        const place = row + Math.floor((x * SIDE) / FINE);
        sums[place] += data[4 * (y * FINE + x) + 3];
      }
    }
    const area = (FINE / SIDE) ** 2;
    return Uint8Array.from(sums, (sum) => Math.round(sum / area));
  }
  // A finished stroke does not wait for the answer to an unfinished one.
  function send(finished = false) {
    const waiting = pad.waiting();
    if (!dirty || !pad.alive) return;
    const early = PAUSE - (performance.now() - answeredAt);
    if (!finished && pad.drawing && waiting === 0 && early > 0) {
      clearTimeout(again);
      again = setTimeout(() => send(), early); // others want the processor
      return;
    }
    if (waiting > 0 && waiting < LOST && !finished) {
      clearTimeout(again);
      again = setTimeout(() => send(), LOST - waiting + 1);
      return;
    }
    dirty = false;
    pad.number += 1;
    sentAt = performance.now();
    // A message of our own: the state of a widget waits until the kernel has
    // done with the message before.
    const drawing = { number: pad.number, strokes: pad.strokes };
    model.send(drawing, undefined, [pixels()]);
  }
  return pad;
}

function view(pad, model, el) {
  const root = make("div", "course-pad");
  const board = make("canvas", "board");
  const undo = make("button", "", "Undo");
  const clear = make("button", "", "Clear");
  const seen = make("canvas", "seen");
  const choice = make("fieldset");
  const words = make("div", "words");
  const trouble = make("div", "trouble");
  const spoken = make("div", "spoken");
  const list = make("ol");
  const rows = DIGITS.map((digit) => {
    const bar = make("span", "bar");
    const share = make("span", "share");
    const item = make("li", "", make("span", "digit", String(digit)),
      make("span", "track", bar), share);
    list.append(item);
    return { item, bar, share };
  });
  const radios = [["as the network was trained", true], ["as drawn", false]];
  const group = `course-pad-${Math.random().toString(36).slice(2)}`;
  const inputs = radios.map(([text, value]) => {
    const input = make("input");
    input.type = "radio";
    input.name = group;
    input.addEventListener("change", () => {
      speak = true;
      model.set("prepared", value);
      model.save_changes();
    });
    choice.append(make("label", "", input, text));
    return { input, value };
  });
  choice.hidden = !model.get("choice");
  choice.setAttribute("aria-label", "how the network is given the drawing");
  seen.width = seen.height = SIDE;
  seen.setAttribute("role", "img");
  list.setAttribute("aria-label", "probabilities of the ten digits");
  board.tabIndex = 0;
  board.setAttribute("role", "application");
  board.setAttribute("aria-roledescription", "drawing pad");
  board.setAttribute("aria-label", "Draw a digit, 28 by 28 pixels");
  board.setAttribute("aria-description", HELP);
  board.dataset.lmSuppressShortcuts = "true"; // JupyterLab's, for arrows
  for (const region of [spoken, trouble]) {
    region.setAttribute("role", "status");
    region.setAttribute("aria-live", "polite");
  }
  undo.type = clear.type = "button";
  for (const [name, value] of Object.entries(model.get("colours"))) {
    root.style.setProperty(`--${name}`, value);
  }
  root.append(
    make("style", "", STYLE),
    make("div", "", make("div", "heading", "Your drawing"), board,
      make("div", "row", undo, clear), trouble),
    make("div", "", make("div", "heading", "What the network sees"), seen,
      choice),
    make("div", "answer", make("div", "heading", "What it reads"), words,
      list),
    make("div", "help", make("p", "", HELP), spoken)
  );
  el.append(root);

  const pen = { x: 14, y: 14, shown: false };
  let pointer = null; // the one that draws
  let speak = false; // the next answer is to be read out
  let waiting = 0;
  let alarm = 0;

  function draw() {
    waiting = 0;
    const colours = model.get("colours");
    const size = board.clientWidth || 280;
    const ratio = window.devicePixelRatio || 1;
    // Setting the size also clears it.
    board.width = board.height = Math.round(size * ratio);
    const g = board.getContext("2d");
    g.scale(ratio, ratio);
    g.fillStyle = g.strokeStyle = colours.chalk;
    trace(g, pad.strokes, size);
    if (!pad.strokes.length && !pen.shown) {
      g.fillStyle = colours.hint;
      g.font = "15px sans-serif";
      g.textAlign = "center";
      g.fillText("Draw a digit here", size / 2, size / 2);
    }
    if (pen.shown) {
      const [x, y] = middle().map((share) => share * size);
      g.strokeStyle = g.fillStyle = colours.pen;
      g.lineWidth = 2;
      g.beginPath();
      g.arc(x, y, (PEN * size) / 2, 0, 7);
      if (pad.drawing) g.fill();
      else g.stroke();
    }
    board.dataset.strokes = pad.strokes.length;
    board.dataset.points = pad.strokes.reduce((n, s) => n + s.length / 2, 0);
  }
  function redraw() {
    waiting ||= requestAnimationFrame(draw);
    watch();
  }
  function answer() {
    const { seen: grey, text, probabilities, shares } = model.get("answer");
    const bytes = new Uint8Array(grey.buffer, grey.byteOffset, SIDE * SIDE);
    const image = new ImageData(SIDE, SIDE);
    bytes.forEach((level, i) => {
      image.data.set([level, level, level, 255], 4 * i);
    });
    seen.getContext("2d").putImageData(image, 0, 0);
    const isRead = probabilities.length > 0;
    const best = probabilities.indexOf(Math.max(...probabilities));
    rows.forEach(({ item, bar, share }, digit) => {
      bar.style.width = `${100 * (probabilities[digit] ?? 0)}%`;
      share.textContent = shares[digit] ?? "";
      item.classList.toggle("best", isRead && digit === best);
    });
    words.textContent = text;
    words.classList.toggle("read", isRead);
    seen.setAttribute("aria-label",
      `what the network sees, 28 by 28 pixels; it reads: ${text}`);
    root.dataset.answered = pad.answered;
    tell();
    watch();
  }
  // Once for each stroke, when the bars belong to the whole of it.
  function tell() {
    if (!speak || pad.drawing || !pad.settled()) return;
    speak = false;
    say(words.textContent);
  }
  function say(text) {
    // The same words again must be a change, or they are not read out.
    spoken.textContent = spoken.textContent === text ? `${text}\u00a0` : text;
  }
  // Explain a wait, and forget the explanation when it is over.
  function watch() {
    clearTimeout(alarm);
    const time = pad.waiting();
    if (pad.alive && time > 0 && time < BUSY) {
      alarm = setTimeout(watch, BUSY - time + 1);
    }
    const late = time >= BUSY;
    root.classList.toggle("stale", late || !pad.alive);
    root.dataset.settled = pad.settled();
    let text = "";
    if (!pad.alive) {
      text = "The kernel that reads the digits is gone. Run this cell again.";
    } else if (late) {
      text = "No answer yet: predict is slow, or another cell is running.";
    }
    if (trouble.textContent !== text) trouble.textContent = text;
  }
  function finish() {
    if (!pad.drawing) return;
    pad.end();
    speak = true;
    redraw();
    tell();
  }
  function undoOrClear(action) {
    pointer = null;
    speak = true;
    pad[action]();
  }

  function place(event) {
    const box = board.getBoundingClientRect();
    return [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ];
  }
  board.addEventListener("pointerdown", (event) => {
    // A second finger, or a palm beside the pen, does not draw.
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    board.focus({ preventScroll: true });
    board.setPointerCapture(event.pointerId);
    finish();
    pointer = event.pointerId;
    pen.shown = false;
    pad.begin(...place(event));
  });
  board.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer || !pad.drawing) return;
    const all = event.getCoalescedEvents?.() ?? [];
    pad.move((all.length ? all : [event]).map(place));
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    board.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      finish();
    });
  }

  const steps = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };
  function middle() {
    return [(pen.x + 0.5) / SIDE, (pen.y + 0.5) / SIDE];
  }
  function press(event) {
    const step = steps[event.key];
    const isUndo = (event.ctrlKey || event.metaKey) && event.key === "z";
    if (event.altKey || ((event.ctrlKey || event.metaKey) && !isUndo)) {
      return false;
    }
    if (step) {
      if (pointer !== null) return true;
      const far = event.shiftKey ? 4 : 1;
      pen.x = within(pen.x + far * step[0], 0, SIDE - 1);
      pen.y = within(pen.y + far * step[1], 0, SIDE - 1);
      pen.shown = true;
      if (pad.drawing) pad.move([middle()]);
    } else if (event.key === " ") {
      if (event.repeat || pointer !== null) return true;
      pen.shown = true;
      if (pad.drawing) {
        finish();
      } else {
        pad.begin(...middle());
        say(`pen down in column ${pen.x + 1}, row ${pen.y + 1}`);
      }
    } else if (event.key === "Backspace" || isUndo) {
      undoOrClear("undo");
    } else if (event.key === "Delete") {
      undoOrClear("clear");
    } else {
      return false;
    }
    redraw();
    return true;
  }
  board.addEventListener("keydown", (event) => {
    if (!press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  board.addEventListener("focus", () => {
    pen.shown = pointer === null && board.matches(":focus-visible");
    redraw();
  });
  board.addEventListener("blur", () => {
    pen.shown = false;
    if (pointer === null) finish();
    redraw();
  });
  undo.addEventListener("click", () => undoOrClear("undo"));
  clear.addEventListener("click", () => undoOrClear("clear"));

  function chosen() {
    for (const { input, value } of inputs) {
      input.checked = model.get("prepared") === value;
    }
  }
  // Jupyter marks views whose kernel ended, after it tells about it.
  function connection() {
    setTimeout(() => {
      pad.alive = !el.closest(".jupyter-widgets-disconnected");
      watch();
    });
  }
  model.on("change:prepared", chosen);
  model.on("comm_live_update", connection);
  const size = new ResizeObserver(redraw);
  size.observe(board);
  const own = { redraw, answer };
  pad.views.add(own);
  chosen();
  answer();
  redraw();
  connection();
  return () => {
    cancelAnimationFrame(waiting);
    clearTimeout(alarm);
    size.disconnect();
    pad.views.delete(own);
    model.off("change:prepared", chosen);
    model.off("comm_live_update", connection);
  };
}

export default () => {
  const pad = makePad();
  return {
    initialize: ({ model }) => pad.attach(model),
    render: ({ model, el }) => view(pad, model, el),
  };
};

// Asks JupyterLab itself (--expose-app-in-browser) instead of its DOM, where
// cells outside the window may be missing.
window.course = {
  panel() {
    const panels = [...window.jupyterapp.shell.widgets("main")];
    return panels.find((panel) => panel.sessionContext && panel.content);
  },

  cells() {
    return this.panel().content.widgets;
  },

  code() {
    return this.cells().filter(
      (cell) => cell.model.type === "code" && this.source(cell).trim()
    );
  },

  source(cell) {
    return cell.model.sharedModel.getSource();
  },

  // A round trip: requests sent before the kernel answers can get lost.
  async greetKernel() {
    const context = this.panel().sessionContext;
    await context.ready;
    await context.session.kernel.info;
    await context.session.kernel.requestKernelInfo();
  },

  // The value of an expression, beside whatever the notebook does.
  async ask(code) {
    const kernel = this.panel().sessionContext.session.kernel;
    const asked = kernel.requestExecute({
      code: "",
      store_history: false,
      user_expressions: { value: code },
    });
    return (await asked.done).content.user_expressions.value;
  },

  runAll() {
    // Its promise may never settle, so nobody waits for it.
    window.jupyterapp.commands.execute("notebook:run-all-cells");
  },

  clear() {
    window.jupyterapp.commands.execute("notebook:clear-all-cell-outputs");
  },

  started() {
    return this.code().some(
      (cell) =>
        cell.model.executionCount !== null ||
        cell.model.executionState === "running"
    );
  },

  finished() {
    const kernel = this.panel().sessionContext.session?.kernel;
    if (kernel?.status !== "idle") return false;
    const waiting = (cell) =>
      cell.model.executionCount === null ||
      cell.model.executionState === "running";
    return this.errors().length > 0 || !this.code().some(waiting);
  },

  outputs(cell) {
    return cell.model.outputs.toJSON();
  },

  // Errors that no cell announces with the tag raises-exception.
  errors() {
    const found = [];
    for (const cell of this.code()) {
      const tags = cell.model.getMetadata("tags") ?? [];
      if (tags.includes("raises-exception")) continue;
      for (const output of this.outputs(cell)) {
        if (output.output_type === "error") {
          found.push(`${this.source(cell)}\n${output.ename}: ${output.evalue}`);
        }
      }
    }
    return found;
  },

  // Places of the code cells whose source contains a text.
  find(text) {
    const places = [];
    this.cells().forEach((cell, place) => {
      const isCode = cell.model.type === "code";
      if (isCode && this.source(cell).includes(text)) places.push(place);
    });
    return places;
  },

  async show(place) {
    const content = this.panel().content;
    content.activeCellIndex = place;
    await content.scrollToItem(place, "start");
  },

  text(place) {
    return this.cells()[place].node.innerText;
  },

  // A number for what an image really shows: its decoded pixels, never its
  // address.  While the picture is being exchanged there is none: null.
  pixels(image) {
    if (!image.complete || !image.naturalWidth) return null;
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const words = new Uint32Array(data.buffer);
    let hash = 0;
    for (let i = 0; i < words.length; i++) {
      hash = (Math.imul(hash, 31) + words[i]) | 0;
    }
    return hash;
  },

  // Milliseconds from the next key press to changed pixels. Pixels are read
  // only where the address is new: reading a million of them in every frame
  // would hold up the page that is being timed.
  watch(image) {
    const before = this.pixels(image);
    let address = image.src;
    this.latency = null;
    const pressed = () => {
      const start = performance.now();
      const look = () => {
        const seen = performance.now();
        if (image.src !== address) {
          const now = this.pixels(image);
          if (now !== null) address = image.src;
          if (now !== null && now !== before) {
            this.latency = seen - start;
            return;
          }
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    };
    document.addEventListener("keydown", pressed, {
      capture: true,
      once: true,
    });
    return before !== null;
  },
};

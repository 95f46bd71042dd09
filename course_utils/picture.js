// A picture that can be clicked: PNG bytes in, clicks out as fractions of the
// width and height, counted from the upper left corner.
function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "course-picture";
  image.style.maxWidth = "100%";
  let shown = null;

  function draw() {
    const blob = new Blob([model.get("png")], { type: "image/png" });
    const old = shown;
    shown = URL.createObjectURL(blob);
    image.onload = () => old && URL.revokeObjectURL(old);
    image.src = shown;
  }
  function describe() {
    image.alt = model.get("alt");
    image.width = model.get("width");
    image.style.cursor = model.get("clickable") ? "crosshair" : "default";
  }
  function click(event) {
    if (!model.get("clickable")) return;
    const box = image.getBoundingClientRect();
    model.set("click", [
      (event.clientX - box.left) / box.width,
      (event.clientY - box.top) / box.height,
    ]);
    model.save_changes();
  }

  image.addEventListener("click", click);
  model.on("change:png", draw);
  model.on("change:alt change:width change:clickable", describe);
  describe();
  draw();
  el.appendChild(image);
  const stop = namesAround(el);
  return () => {
    stop();
    if (shown) URL.revokeObjectURL(shown);
  };
}

export default { render };

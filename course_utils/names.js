const PLAYER = ["play or pause", "stop", "repeat"];

// ipywidgets gives neither the handle of a slider nor a group of choices a
// name, so a screen reader says a number or "radio button" and not what is
// asked. Here they get the text of their label, or the one above them. The
// buttons of a player have an icon only, and get a word.
// `el` is any place among the widgets of one output.
function nameControls(el) {
  let whole = el;
  for (let up = el; up; up = up.parentElement) {
    if (up.classList.contains("jupyter-widgets")) whole = up;
  }
  for (const handle of whole.querySelectorAll(".noUi-handle")) {
    const slider = handle.closest(".jupyter-widgets");
    handle.setAttribute("aria-label", nameOf(slider));
  }
  const groups = [
    [".widget-radio", "radiogroup"],
    [".widget-toggle-buttons", "group"],
  ];
  for (const [kind, role] of groups) {
    for (const group of whole.querySelectorAll(kind)) {
      group.setAttribute("role", role);
      group.setAttribute("aria-label", nameOf(group));
    }
  }
  for (const player of whole.querySelectorAll(".widget-play")) {
    player.querySelectorAll("button").forEach((button, place) => {
      button.setAttribute("aria-label", PLAYER[place]);
    });
  }
}

function nameOf(control) {
  const own = control.querySelector(".widget-label")?.textContent.trim();
  return own || control.previousElementSibling?.textContent.trim() || "choice";
}

// Called when `el` gets its place on the page: now its neighbours are there.
// Returns what ends it.
function namesAround(el) {
  const placed = new ResizeObserver(() => nameControls(el));
  placed.observe(el);
  return () => placed.disconnect();
}

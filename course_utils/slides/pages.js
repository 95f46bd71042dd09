// Deals the blocks of each section out to slides of 1280 × 720, so that
// nothing is cut off and what belongs together stays together, then starts
// reveal.js. It runs where the slides are shown, because only there is it
// known how large text in the fonts of that computer is.
(() => {
  "use strict";

  const LEVELS = [0, 10, 45, 140]; // sizes of text, and what smaller ones cost
  const PAGE = 100; // what one more slide costs
  const BESIDE = 8; // and an output beside its code instead of below
  const SMALL = 60; // and a picture with the smallest text
  const ROOM = 634; // pixels for blocks: 720 less the edges
  const AGAIN = 40; // the title of the section, repeated
  const WIDTH = 1152;
  const NEVER = 1e6;
  const LONG = 26; // lines of code that surely fit
  const LEAST = 14; // pixels of code
  const LARGEST = 1.5; // times the pixels of a picture

  // A picture at a level: no wider than the room, no higher than a slide.
  function fitPictures(node, scale, room) {
    for (const img of node.querySelectorAll("img")) {
      img.room = room;
      resize(img, scale);
    }
  }

  function resize(img, scale) {
    const [w, h] = ["width", "height"].map((name) => +img.getAttribute(name));
    const caption = img.nextElementSibling ? 60 : 0;
    img.fit = Math.min(scale, img.room / w, (ROOM - 50 - caption) / h);
    img.style.width = `${Math.floor(w * img.fit)}px`;
    img.style.height = `${Math.floor(h * img.fit)}px`;
  }

  // Space that is left over makes the pictures larger.
  function grow(host, scale) {
    const pictures = [...host.querySelectorAll("img")];
    for (let s = LARGEST; s > scale; s -= 0.05) {
      for (const img of pictures) resize(img, s);
      if (heightOf(host) <= ROOM) return;
    }
    for (const img of pictures) resize(img, scale);
  }

  function heightOf(host) {
    return host.lastElementChild.getBoundingClientRect().bottom
      - host.firstElementChild.getBoundingClientRect().top;
  }

  // Wide lines get smaller letters, and only then more lines.
  function fitCode(node) {
    for (const pre of node.querySelectorAll("pre")) {
      pre.style.fontSize = "";
      pre.classList.remove("wrapped");
      if (pre.scrollWidth <= pre.clientWidth) continue;
      const size = parseFloat(getComputedStyle(pre).fontSize);
      const fit = (size * (pre.clientWidth - 40)) / (pre.scrollWidth - 40);
      pre.style.fontSize = `${Math.max(LEAST, Math.floor(fit * 10) / 10)}px`;
      if (pre.scrollWidth > pre.clientWidth) pre.classList.add("wrapped");
    }
  }

  // Cut a long cell of code or text at empty lines, or else anywhere.
  function pieces(pre) {
    const lines = pre.innerHTML.split("\n");
    if (lines.length <= LONG / 2) return [pre];
    const parts = [[]];
    lines.forEach((line, number) => {
      const last = parts.at(-1);
      const between = line.trim() && number && !lines[number - 1].trim();
      const starts = between && !/^(<[^>]*>)*\s/.test(line);
      if ((starts && last.length > 3) || last.length >= LONG) {
        parts.push([line]);
      } else last.push(line);
    });
    return parts.map((part, number) => {
      const piece = pre.cloneNode(false);
      piece.innerHTML = part.join("\n");
      piece.joined = number > 0;
      piece.classList.toggle("open", number < parts.length - 1);
      // An empty last line is not drawn unless something follows it.
      if (!part.at(-1)) piece.append("\n");
      return piece;
    });
  }

  // One element of a list each; they read as one list again when together.
  function items(list) {
    const start = list.start || 1;
    return [...list.children].map((item, number) => {
      const one = list.cloneNode(false);
      if (list.tagName === "OL") one.start = start + number;
      one.append(item);
      one.near = number > 0;
      return one;
    });
  }

  function parts(node) {
    if (node.tagName === "PRE") return pieces(node);
    if (/^[OU]L$/.test(node.tagName)) return items(node);
    return [node];
  }

  // All blocks of a section: a node, which cell it is from, what it is.
  function blocksOf(section) {
    const blocks = [];
    let predicts = false;
    [...section.children].forEach((cell, number) => {
      const isCode = Boolean(cell.querySelector(":scope > .source, :scope > .output"));
      let asked = false; // whether the question of this cell is behind us
      const asks = !isCode && /^Predict\./m.test(cell.textContent);
      for (const child of [...cell.children]) {
        for (const node of parts(child)) {
          const block = document.createElement("div");
          block.className = "block";
          if (node.joined) block.classList.add("joined");
          if (node.near) block.classList.add("near");
          block.append(node);
          const kind = node.classList.contains("source") ? "source"
            : node.classList.contains("output") ? "output"
            : /^H\d$/.test(node.tagName) ? "heading" : "text";
          if (kind === "text" && /^Predict\./.test(node.textContent)) {
            node.classList.add("predict");
            asked = true;
          }
          blocks.push({
            block, kind, cell: number, asks, asked, step: cell.dataset.step,
            answers: isCode && predicts,
            joined: node.joined, near: node.near,
            tells: /^What you saw/.test(node.textContent),
            leads: /[:：]$/.test(node.textContent.trim()),
          });
        }
      }
      predicts = asks || (predicts && !blocks.some(
        (b) => b.cell === number && b.kind === "output"));
      if (!isCode && !asks) predicts = false;
    });
    return blocks;
  }

  // What it costs to begin a new slide between two blocks.
  function costOfBreak(before, after) {
    if (before.kind === "heading") return NEVER;
    if (after.kind === "heading") return -10;
    if (after.joined) return 45;
    if (before.asked && !(before.cell !== after.cell && after.kind === "text")) {
      return 2000;
    }
    if (after.cell === before.cell) {
      if (after.kind === "output") return before.kind === "source" ? 55 : 25;
      if (after.near) return 25;
      if (before.leads) return 60;
      return 5;
    }
    if (after.kind === "source") return before.leads ? 60 : 15;
    // Who reads what there was to see wants to see it.
    if (before.kind === "output" && after.tells) return 15;
    return after.step !== before.step ? -3 : 0;
  }

  // Heights of all blocks at all levels, and of outputs beside their code.
  function measure(blocks, host) {
    for (const [level] of LEVELS.entries()) {
      host.className = `page measure level-${level}`;
      host.replaceChildren(document.createElement("div"),
        ...blocks.map((b) => b.block));
      const scale = parseFloat(getComputedStyle(host).getPropertyValue("--picture"));
      fitPictures(host, scale, WIDTH);
      fitCode(host);
      for (const b of blocks) {
        const { height } = b.block.getBoundingClientRect();
        const wide = b.block.scrollWidth > WIDTH;
        (b.heights ??= [])[level] = wide ? NEVER : height;
      }
      for (const group of groups(blocks)) {
        const pair = beside(group, level, scale);
        host.replaceChildren(document.createElement("div"), pair.node);
        pair.fit();
        const { height } = pair.node.getBoundingClientRect();
        (group.first.pairs ??= [])[level] = pair.good() ? height : NEVER;
        const sizes = [...pair.node.querySelectorAll("img")].map((i) => i.fit);
        (group.first.fits ??= [])[level] = Math.min(1, ...sizes);
        group.first.size = group.all.length;
      }
    }
  }

  // Code with its outputs, cell by cell.
  function groups(blocks) {
    const found = new Map();
    for (const b of blocks) {
      if (b.kind !== "source" && b.kind !== "output") continue;
      if (!found.has(b.cell)) found.set(b.cell, []);
      found.get(b.cell).push(b);
    }
    return [...found.values()]
      .filter((all) => all[0].kind === "source" && all.at(-1).kind === "output")
      .map((all) => ({ all, first: all[0] }));
  }

  function beside(group, level, scale) {
    const node = document.createElement("div");
    node.className = "block";
    const grid = document.createElement("div");
    grid.className = "beside";
    node.append(grid);
    const [left, right] = [0, 1].map(() => document.createElement("div"));
    grid.append(left, right);
    for (const b of group.all) {
      (b.kind === "source" ? left : right).append(b.block);
    }
    for (const pre of grid.querySelectorAll("pre")) {
      pre.style.fontSize = "";
      pre.classList.remove("wrapped");
    }
    let room = 0;
    const fit = () => {
      grid.style.gridTemplateColumns = "max-content max-content";
      room = Math.floor(WIDTH - 28 - left.getBoundingClientRect().width) - 1;
      grid.style.gridTemplateColumns = `max-content ${Math.max(room, 1)}px`;
      fitPictures(right, scale, Math.max(room, 1));
    };
    const high = (side) => side.getBoundingClientRect().height;
    const good = () => room >= 340 && high(left) >= high(right) / 3
      && [...right.querySelectorAll("img")].every((img) => img.fit >= 0.7)
      && [...right.querySelectorAll("pre")].every(
        (pre) => pre.scrollWidth <= pre.clientWidth);
    return { node, fit, good };
  }

  // Whether a slide repeats the title of its section.
  function again(blocks, first, later) {
    return (first || later) && blocks[first].kind !== "heading";
  }

  // The height of blocks first to last as one slide, and its cost, or NEVER.
  function tryPage(blocks, first, last, level, sideways, later) {
    let [height, cost] = [first || later ? AGAIN : 0, PAGE + LEVELS[level]];
    for (let i = first; i <= last; i += 1) {
      const b = blocks[i];
      if (sideways && b.pairs && i + b.size - 1 <= last && b.pairs[level] < NEVER) {
        height += b.pairs[level];
        i += b.size - 1;
        cost += BESIDE + 80 * Math.max(0, 1 - b.fits[level]);
      } else {
        height += b.heights[level];
        const last = level === LEVELS.length - 1;
        if (last && b.block.querySelector("img")) cost += SMALL;
      }
    }
    if (height > ROOM) return NEVER;
    return cost + 25 * ((ROOM - height) / ROOM) ** 2;
  }

  // The cheapest way to deal blocks out: a list of {first, last, level, …}.
  // later: whether even the first slide repeats the title.
  function deal(blocks, later) {
    const best = [{ cost: 0 }];
    for (let end = 1; end <= blocks.length; end += 1) {
      best[end] = { cost: Infinity };
      for (let first = end - 1; first >= 0; first -= 1) {
        const cut = first
          ? costOfBreak(blocks[first - 1], blocks[first]) : 0;
        for (const [level] of LEVELS.entries()) {
          for (const sideways of [false, true]) {
            const cost = best[first].cost + cut
              + tryPage(blocks, first, end - 1, level, sideways, later);
            if (cost < best[end].cost) {
              best[end] = { cost, first, last: end - 1, level, sideways };
            }
          }
        }
      }
    }
    const pages = [];
    for (let end = blocks.length; end; end = pages[0].first) {
      pages.unshift(best[end]);
    }
    return pages;
  }

  // What is shown at once, and what with the next key. The answer to a
  // question waits, and so does everything after it.
  function steps(blocks) {
    const names = [];
    let waits = "";
    blocks.forEach((b, place) => {
      if (waits && b.kind !== "output") waits = `${waits.slice(0, 6)}+`;
      if (b.answers && b.kind === "output" && !waits
          && blocks.slice(0, place).some((other) => other.asks)) {
        waits = "answer";
      }
      names.push(`${b.step ?? ""}${waits}`);
    });
    const shown = names[blocks.findIndex((b) => b.kind !== "heading")];
    const order = [...new Set(names)];
    blocks.forEach((b, place) => {
      const name = names[place];
      if (name === shown || !name || b.kind === "heading") return;
      b.block.classList.add("fragment");
      b.block.dataset.fragmentIndex = order.indexOf(name);
    });
  }

  function makePage(blocks, plan, title, host) {
    const page = document.createElement("section");
    page.className = `page level-${plan.level}`;
    const chosen = blocks.slice(plan.first, plan.last + 1);
    host.className = `${page.className} measure`;
    host.replaceChildren();
    if (title) {
      const again = document.createElement("p");
      again.className = "again";
      again.textContent = title;
      host.append(again);
    }
    const scale = parseFloat(getComputedStyle(host).getPropertyValue("--picture"));
    for (let i = 0; i < chosen.length; i += 1) {
      const b = chosen[i];
      if (plan.sideways && b.pairs && i + b.size <= chosen.length
          && b.pairs[plan.level] < NEVER) {
        const group = { all: chosen.slice(i, i + b.size) };
        const pair = beside(group, plan.level, scale);
        host.append(pair.node);
        pair.fit();
        i += b.size - 1;
      } else {
        host.append(b.block);
        fitPictures(b.block, scale, WIDTH);
        fitCode(b.block);
      }
    }
    grow(host, scale);
    // The last resort, for fonts and contents that nobody has thought of.
    const height = heightOf(host);
    if (height > ROOM || plan.cost >= NEVER) {
      page.dataset.squeezed = Math.round(height);
      page.style.zoom = Math.min(1, ROOM / height);
    }
    page.append(...host.children);
    const last = chosen.at(-1).block.querySelector("pre.open");
    last?.classList.remove("open");
    chosen[0].block.classList.remove("joined");
    steps(chosen);
    return page;
  }

  function layOut(slides) {
    const host = document.createElement("div");
    document.body.append(host);
    for (const stack of [...slides.children]) {
      const notes = stack.querySelector(":scope > .notes");
      notes.remove();
      const heading = stack.querySelector("h1, h2");
      const title = heading?.textContent ?? "";
      const pages = [];
      for (const section of [...stack.children]) {
        const blocks = blocksOf(section);
        measure(blocks, host);
        const later = pages.length > 0;
        for (const plan of deal(blocks, later)) {
          const head = again(blocks, plan.first, later) ? title : "";
          pages.push(makePage(blocks, plan, head, host));
        }
      }
      for (const page of pages) {
        if (notes.textContent.trim()) page.append(notes.cloneNode(true));
      }
      stack.replaceChildren(...pages);
    }
    host.remove();
  }

  layOut(document.querySelector(".slides"));
  const deck = new Reveal(document.querySelector(".reveal"), {
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    controls: false,
    hash: true,
    navigationMode: "linear",
    pdfSeparateFragments: false,
    plugins: [RevealNotes],
    slideNumber: "c/t",
    transition: "none",
  });
  const hint = () => document.body.classList.toggle("first", deck.isFirstSlide());
  deck.on("slidechanged", hint);
  deck.initialize().then(hint);
  window.deck = deck;
})();

// The page of a walk. Python has worked out every step; this only shows them.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const steps = data.steps;
const boxes = data.boxes.map((_, i) => byId(`box${i}`));
const arrows = [...document.querySelectorAll(".arrow")];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let at = 0; // the step that is shown
let chosen = -1; // the box that is looked at; -1 follows the steps
let timer = 0;
let zoom = 1;

// -- small helpers ---------------------------------------------------------------------------

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// A slope stands between three marks: \ue000 out \ue001 x \ue002 (formulas.py).
const SLOPE = /\ue000([^\ue001]*)\ue001([^\ue002]*)\ue002/;
const plain = (text) => text.replace(/\ue000/g, "∂").replace(/\ue001/g, "/∂").replace(/\ue002/g, "");

function setFormula(element, text) {
  const parts = text.split(SLOPE); // words, out, x, words, out, x, words …
  element.replaceChildren();
  for (let i = 0; i < parts.length; i += 3) {
    element.append(parts[i]);
    if (i + 2 < parts.length) {
      element.append(
        make("span", "slope", make("span", "", "∂" + parts[i + 1]), make("span", "", "∂" + parts[i + 2])),
      );
    }
  }
  element.classList.toggle("long", plain(text).length > 64 || text.includes("\n"));
}

// -- arrays ------------------------------------------------------------------------------------

function figure(label, place) {
  const array = data.arrays[place];
  const caption = make("figcaption", "", make("b", "", label), " ", array.shape);
  const whole = make("figure", "", caption);
  if (array.numbers) {
    const table = make("table", "");
    array.numbers.forEach((row, i) => {
      const line = table.insertRow();
      row.forEach((text, j) => {
        const cell = line.insertCell();
        cell.textContent = text;
        cell.style.setProperty("--size", array.sizes[i][j] ?? 0);
      });
    });
    whole.append(make("div", "wide", table));
  } else {
    whole.append(make("div", "wide words", array.lines.join("\n")));
    if (array.squares) whole.append(squares(array, label));
    if (array.said) whole.append(make("figcaption", "", array.said));
  }
  return whole;
}

// Hinton's diagram: the area is the size of a number, filled is positive, hollow negative.
function squares(array, label) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  const [rows, columns] = [array.squares.length, array.squares[0].length];
  svg.setAttribute("viewBox", `-0.2 -0.2 ${columns + 0.4} ${rows + 0.4}`);
  svg.setAttribute("class", "squares");
  const side = Math.min(0.6, 14 / columns, 12 / rows); // of one square, in rem
  svg.style.width = `${columns * side}rem`;
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${label}: squares, large for large numbers, hollow for negative ones`);
  const paths = { plus: "", minus: "" };
  array.squares.forEach((row, i) =>
    [...row].forEach((letter, j) => {
      if (letter === "?") {
        const text = document.createElementNS(NS, "text");
        text.setAttribute("x", j + 0.5);
        text.setAttribute("y", i + 0.85);
        text.textContent = "?";
        svg.append(text);
        return;
      }
      const level = letter.charCodeAt(0) - 109; // m is 0
      const side = 0.92 * Math.sqrt(Math.abs(level) / 12);
      const [x, y] = [j + (1 - side) / 2, i + (1 - side) / 2];
      if (level) paths[level > 0 ? "plus" : "minus"] += `M${x.toFixed(2)} ${y.toFixed(2)}h${side.toFixed(2)}v${side.toFixed(2)}h${(-side).toFixed(2)}z`;
    }),
  );
  for (const [sign, path] of Object.entries(paths)) {
    const element = document.createElementNS(NS, "path");
    element.setAttribute("class", sign);
    element.setAttribute("d", path);
    svg.append(element);
  }
  return svg;
}

// -- one step ------------------------------------------------------------------------------------

function known() {
  const state = data.boxes.map((box) => ({ value: box.given ? 0 : -1, gradient: -1, seen: box.given }));
  for (const step of steps.slice(0, at + 1)) {
    for (const [box, what, k] of step.reveals) state[box][what] = k;
    if (step.box >= 0) state[step.box].seen = true;
  }
  return state;
}

function show(step) {
  at = Math.max(0, Math.min(steps.length - 1, step));
  const { chapter, box, to, lit, formula, numbers, note, mark } = steps[at];
  const state = known();
  boxes.forEach((element, i) => {
    for (const what of ["value", "gradient"]) {
      for (const part of element.querySelectorAll(`.${what}`)) {
        part.classList.toggle("on", part.classList.contains(`state${state[i][what]}`));
      }
    }
    element.classList.toggle("known", state[i].seen);
    element.classList.toggle("now", i === box);
    element.classList.toggle("to", i === to && i !== box);
    element.querySelector(".mark").textContent = i === box ? mark[0] : i === to ? mark[1] : "";
    if (i === box) element.setAttribute("aria-current", "step");
    else element.removeAttribute("aria-current");
  });
  for (const arrow of arrows) {
    arrow.classList.toggle("lit", lit.includes(arrow.id));
    arrow.classList.toggle("reverse", chapter >= 2);
  }
  byId("where").textContent = `${data.chapters[chapter]} · step ${at + 1} of ${steps.length}`;
  setFormula(byId("formula"), formula);
  setFormula(byId("numbers"), numbers);
  byId("note").textContent = note;
  byId("live").textContent = [plain(`${formula} ${numbers}`).trim(), note].filter(Boolean).join(". ");
  byId("operands").replaceChildren(...steps[at].operands.map(([label, place]) => figure(label, place)));
  byId("slider").value = at + 1;
  byId("slider").setAttribute("aria-valuetext", `step ${at + 1} of ${steps.length}, ${data.chapters[chapter]}`);
  byId("count").textContent = `${at + 1} / ${steps.length}`;
  [...byId("chapters").querySelectorAll("button")].forEach((button, i) => {
    button.classList.toggle("done", i < chapter);
    if (i === chapter) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  inspect(state);
  intoView([box, to]);
  if (at === steps.length - 1) pause();
}

// What is wider than its place can be scrolled with the keys, too.
function reachable() {
  for (const element of document.querySelectorAll(".wide")) {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
}

function inspect(state) {
  const { box, to } = steps[at];
  const i = chosen >= 0 ? chosen : to >= 0 ? to : box;
  boxes.forEach((element, j) => element.classList.toggle("chosen", j === chosen));
  byId("choice").value = chosen;
  if (i < 0) {
    byId("arrays").replaceChildren();
    byId("history").replaceChildren();
    byId("past").hidden = true;
    return;
  }
  const { name, values, gradients } = data.boxes[i];
  const shown = [];
  if (values.length && state[i].value >= 0) shown.push(figure(name, values[state[i].value]));
  if (gradients.length && state[i].gradient >= 0) {
    shown.push(figure(`∂${data.out}/∂${name}`, gradients[state[i].gradient]));
  }
  if (!shown.length) shown.push(make("p", "", "Nothing is known of it yet."));
  byId("arrays").replaceChildren(...shown);
  byId("history").replaceChildren(
    ...steps.flatMap((step, n) => {
      if (n > at || (step.box !== i && step.to !== i)) return [];
      const button = make("button", "", make("b", "", String(n + 1)), " ", plain(`${step.formula} ${step.numbers}`));
      button.type = "button";
      if (n === at) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => show(n));
      return [make("li", "", button)];
    }),
  );
  byId("past").hidden = !byId("history").hasChildNodes();
  reachable();
}

// -- the size of the graph, and where one looks ---------------------------------------------------

function fit() {
  const [graph, stage] = [byId("graph"), byId("stage")];
  const [width, height] = [Number(graph.dataset.width), Number(graph.dataset.height)];
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const whole = Math.min((stage.clientWidth - 8) / width, (stage.clientHeight - 8) / height);
  const scale = Math.max(0.75 * unit, Math.min(1.7 * unit, whole)) * zoom;
  graph.style.width = `${width * scale}px`;
  graph.style.height = `${height * scale}px`;
  intoView([steps[at].box, steps[at].to]);
}

function intoView(places) {
  const stage = byId("stage");
  const frame = stage.getBoundingClientRect();
  const areas = places.filter((i) => i >= 0).map((i) => boxes[i].getBoundingClientRect());
  if (!areas.length) return;
  const middle = (low, high) =>
    (Math.min(...areas.map((a) => a[low])) + Math.max(...areas.map((a) => a[high]))) / 2;
  stage.scrollTo({
    left: stage.scrollLeft + middle("left", "right") - (frame.left + frame.right) / 2,
    top: stage.scrollTop + middle("top", "bottom") - (frame.top + frame.bottom) / 2,
    behavior: calm.matches ? "instant" : "smooth",
  });
}

// -- play, keys, clicks ---------------------------------------------------------------------------

function play() {
  if (at === steps.length - 1) show(0);
  timer = setInterval(() => show(at + 1), Number(byId("speed").value));
  told();
}

function pause() {
  clearInterval(timer);
  timer = 0;
  told();
}

function told() {
  byId("play").classList.toggle("on", timer !== 0);
  byId("play").setAttribute("aria-label", timer ? "Pause" : "Play");
}

function go(step) {
  if (timer) pause();
  show(step);
}

function choose(i) {
  chosen = chosen === i ? -1 : i;
  inspect(known());
}

const chapter = (i) => steps.findIndex((step) => step.chapter === i);
const keys = {
  ArrowRight: () => go(at + 1),
  ArrowLeft: () => go(at - 1),
  Home: () => go(0),
  End: () => go(steps.length - 1),
  " ": () => (timer ? pause() : play()),
};

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const on = event.target.closest("input, select, button, .box");
  const place = boxes.indexOf(on);
  if (place >= 0 && (event.key === "Enter" || event.key === " ")) choose(place);
  else if (place >= 0 && event.key === "ArrowDown") focusBox(place + 1);
  else if (place >= 0 && event.key === "ArrowUp") focusBox(place - 1);
  else if (on && place < 0 && (on.tagName !== "BUTTON" || event.key === " ")) return; // its own keys
  else if (keys[event.key]) keys[event.key]();
  else if ("1234".includes(event.key) && chapter(event.key - 1) >= 0) go(chapter(event.key - 1));
  else return;
  event.preventDefault();
});

// The graph is one stop for the Tab key; the arrows up and down go from box to box.
function focusBox(i) {
  const next = boxes[Math.max(0, Math.min(boxes.length - 1, i))];
  boxes.forEach((element) => element.setAttribute("tabindex", element === next ? "0" : "-1"));
  next.focus();
}

boxes.forEach((element, i) => {
  element.setAttribute("aria-label", data.boxes[i].label);
  element.addEventListener("click", () => choose(i));
});
boxes[0]?.setAttribute("tabindex", "0");

byId("first").addEventListener("click", () => go(0));
byId("back").addEventListener("click", () => go(at - 1));
byId("forward").addEventListener("click", () => go(at + 1));
byId("last").addEventListener("click", () => go(steps.length - 1));
byId("play").addEventListener("click", () => (timer ? pause() : play()));
byId("slider").addEventListener("input", (event) => go(event.target.value - 1));
byId("speed").addEventListener("change", () => timer && (pause(), play()));
byId("smaller").addEventListener("click", () => { zoom = Math.max(0.3, zoom / 1.25); fit(); });
byId("larger").addEventListener("click", () => { zoom = Math.min(4, zoom * 1.25); fit(); });
[...byId("chapters").querySelectorAll("button")].forEach((button, i) => {
  button.addEventListener("click", () => go(chapter(i)));
});

const choice = byId("choice");
choice.add(new Option("what the step is about", "-1"));
data.boxes.forEach((box, i) => choice.add(new Option(box.label, String(i))));
choice.addEventListener("change", () => { chosen = Number(choice.value); inspect(known()); });

const theme = byId("theme");
function paint(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  theme.setAttribute("aria-pressed", String(dark));
}
paint(matchMedia("(prefers-color-scheme: dark)").matches);
theme.addEventListener("click", () => paint(theme.getAttribute("aria-pressed") !== "true"));

document.body.classList.toggle("brief", steps.every((step) => !step.operands.length));
addEventListener("resize", fit);
show(0);
fit();

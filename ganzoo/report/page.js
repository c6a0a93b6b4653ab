"use strict";
(() => {
  document.body.classList.add("scripted");
  const said = (value) => Number(value.toPrecision(4)).toString();

  // The number of the last of rising numbers that is not above `wanted`; -1, where all are.
  const lastUpTo = (numbers, wanted) => {
    let low = 0, high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle] <= wanted) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  const nearest = (numbers, wanted) => {
    const before = Math.max(0, lastUpTo(numbers, wanted));
    const after = Math.min(numbers.length - 1, before + 1);
    return wanted - numbers[before] <= numbers[after] - wanted ? before : after;
  };

  for (const figure of document.querySelectorAll(".chart")) {
    const chart = JSON.parse(figure.dataset.chart);
    const range = figure.querySelector("input"), output = figure.querySelector("output");
    const svg = figure.querySelector(".plot > svg"), cursor = svg.querySelector(".cursor");
    const names = [...figure.querySelectorAll(".values li")], width = svg.viewBox.baseVal.width;
    const show = () => {
      const at = Number(range.value), step = chart.steps[at];
      output.textContent = step.toLocaleString("en");
      const told = chart.lines.map((line, number) => {
        const index = lastUpTo(line.steps, step);
        const text = index < 0 ? "–" : said(line.values[index]);
        names[number].querySelector("b").textContent = text;
        return names[number].textContent.trim();
      });
      range.setAttribute("aria-valuetext", `step ${step}: ${told.join(", ")}`);
      cursor.setAttribute("x1", chart.xs[at]);
      cursor.setAttribute("x2", chart.xs[at]);
      cursor.setAttribute("visibility", at < chart.steps.length - 1 ? "visible" : "hidden");
    };
    const point = (event) => {
      const box = svg.getBoundingClientRect();
      range.value = nearest(chart.xs, ((event.clientX - box.left) / box.width) * width);
      show();
    };
    range.addEventListener("input", show);
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
    show();
  }

  for (const figure of document.querySelectorAll(".frames")) {
    const range = figure.querySelector("input");
    if (!range) continue;
    const frames = JSON.parse(figure.querySelector("script").textContent);
    const image = figure.querySelector("img"), output = figure.querySelector("output");
    range.addEventListener("input", () => {
      const [caption, url] = frames[range.value];
      image.src = url;
      image.alt = output.textContent = caption;
      range.setAttribute("aria-valuetext", caption);
    });
  }

  // While a training is followed, all that the reader has set is as it was after each loading.
  const seconds = Number(document.body.dataset.follow);
  const kept = history.state;
  if (kept) {
    for (const [id, at] of kept.ranges) {
      const range = document.getElementById(id);
      if (!range) continue;
      range.value = at;
      range.dispatchEvent(new Event("input"));
    }
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    document.getElementById(kept.focus)?.focus({ preventScroll: true });
    scrollTo(0, kept.scroll);
  }
  if (seconds) {
    let pressed = false;
    addEventListener("pointerdown", () => { pressed = true; });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; });
    const again = () => {
      if (pressed) { setTimeout(again, 500); return; }
      const ranges = [...document.querySelectorAll("input")].filter((one) => one.value !== one.max);
      history.replaceState({
        ranges: ranges.map((one) => [one.id, one.value]),
        open: [...document.querySelectorAll("details[open]")].map((one) => one.id),
        focus: document.activeElement?.id,
        scroll: scrollY,
      }, "");
      location.reload();
    };
    setTimeout(again, 1000 * seconds);
  }
})();

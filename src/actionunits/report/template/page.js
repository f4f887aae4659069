"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const panels = all(".panel");
  const tabs = all('[role="tab"]');
  let selected = 0;
  const whenSelected = [];

  // --- tabs: arrow keys go round, as the ARIA pattern says ----------------------------------------------------------

  const select = (place, focus) => {
    selected = place;
    document.documentElement.classList.add("ready");
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === place));
      tab.tabIndex = each === place ? 0 : -1;
    });
    panels.forEach((panel, each) => { panel.hidden = each !== place; });
    all(".box").forEach((box, each) => { box.style.borderStyle = each === place ? "solid" : "dotted"; });
    if (focus) tabs[place].focus();
    whenSelected.forEach((tell) => tell(place));
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => select(place, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const to = step ? (place + step + tabs.length) % tabs.length : { Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select(to, true);
    });
  });

  const source = one("#data");
  if (!source) {
    if (panels.length) select(0, false);
    return;
  }

  // --- the data -----------------------------------------------------------------------------------------------------

  const data = JSON.parse(source.textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const times = new Float64Array(bytes(data.frames.times).buffer);
  const numbers = new Int32Array(bytes(data.frames.numbers).buffer);
  const people = data.people.map((person) => ({
    ...person,
    x: new Float32Array(bytes(person.lines.x).buffer),
    y: person.lines.y.map(bytes),
  }));
  const [first, last] = data.span;

  // The last place in a rising array whose value is not above the wanted one; 0 where all are.
  const placeOf = (rising, wanted) => {
    let low = 0;
    let high = rising.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rising[middle] <= wanted) low = middle; else high = middle - 1;
    }
    return low;
  };
  const strengthAt = (person, au, time) => {
    const step = person.y[au][placeOf(person.x, time + 1e-4)];
    return step === undefined || step === data.missing ? NaN : (step / data.steps) * data.aus[au].most;
  };

  // --- where we are: one frame, said in every place ------------------------------------------------------------------

  const video = one("#video");
  const slider = one("#position");
  const now = one("#now");
  slider.max = String(times.length - 1);
  let here = 0;

  const say = () => {
    const time = times[here];
    const person = people[selected];
    const shown = person
      ? person.episodes.filter(([, onset, , offset]) => onset <= time + 1e-6 && time < offset - 1e-6)
        .map(([au]) => [au, strengthAt(person, au, time)]).sort((a, b) => b[1] - a[1])
      : [];
    const words = shown.map(([au, value]) => `${data.aus[au].column} ${Number.isNaN(value) ? "" : value.toFixed(1)}`.trim());
    const place = `frame ${numbers[here]}, ${time.toFixed(3)} s`;
    now.textContent = words.length ? `${place}: ${words.join(", ")}` : place;
    slider.value = String(here);
    slider.setAttribute("aria-valuetext", place);
    people.forEach((each) => each.follow && each.follow(time));
  };
  const arrive = (time) => {  // the media shows this time
    here = placeOf(times, time + 1e-4);
    say();
  };
  const within = (place) => {  // a moment at which the frame is surely on the screen
    const next = place + 1 < times.length ? times[place + 1] : last;
    return times[place] + Math.min(Math.max(next - times[place], 0) / 2, 0.01);
  };
  const goTo = (place) => {
    here = Math.min(Math.max(place, 0), times.length - 1);
    if (video && !video.error) {
      video.pause();
      video.currentTime = within(here);
    }
    say();
  };
  const seek = (time) => goTo(placeOf(times, time + 1e-4));
  slider.addEventListener("input", () => goTo(Number(slider.value)));
  whenSelected.push(say);

  if (video) {
    const fail = () => { video.hidden = true; one("#trouble").hidden = false; };
    video.addEventListener("error", fail);
    if (video.error) fail();
    const quiet = (playing) => now.setAttribute("aria-live", playing ? "off" : "polite");
    video.addEventListener("play", () => quiet(true));
    video.addEventListener("pause", () => quiet(false));
    if ("requestVideoFrameCallback" in video) {
      const presented = (_, frame) => {
        if (!video.paused) arrive(frame.mediaTime);
        video.requestVideoFrameCallback(presented);
      };
      video.requestVideoFrameCallback(presented);
    } else {
      video.addEventListener("timeupdate", () => { if (!video.paused) arrive(video.currentTime); });
    }
    video.addEventListener("seeked", () => {  // by the video's own controls
      if (Math.abs(video.currentTime - within(here)) > 1e-3) arrive(video.currentTime);
    });
  }

  // --- timelines ----------------------------------------------------------------------------------------------------

  const BLUE = "#0072b2";
  const ORANGE = "#d55e00";
  const INK = "#1a1a1a";
  const ROW = 50;
  const STRIP = 18;
  const BELOW = 34;
  const MOST_POINTS = 1200;
  const MOST_MARKS = 60;

  // The points of a line between two times; of many, the least and the greatest of each bin.
  const points = (person, au, from, to) => {
    const values = person.y[au];
    const start = Math.max(placeOf(person.x, from) - 1, 0);
    const stop = Math.min(placeOf(person.x, to) + 2, person.x.length);
    const size = Math.max(1, Math.ceil((2 * (stop - start)) / MOST_POINTS));
    const x = [];
    const y = [];
    const put = (at) => {
      x.push(person.x[at]);
      y.push(values[at] === data.missing ? null : (values[at] / data.steps) * data.aus[au].most);
    };
    for (let at = start; at < stop; at += size < 3 ? 1 : size) {
      if (size < 3) { put(at); continue; }
      let low = -1;
      let high = -1;
      const end = Math.min(at + size, stop);
      for (let each = at; each < end; each += 1) {
        if (values[each] === data.missing) continue;
        if (low < 0 || values[each] < values[low]) low = each;
        if (high < 0 || values[each] > values[high]) high = each;
      }
      if (low < 0) put(at); else if (low === high) put(low); else { put(Math.min(low, high)); put(Math.max(low, high)); }
    }
    return { x, y };
  };

  // The peaks between two times, the strongest where there are many.
  const marks = (person, au, from, to) => {
    const inside = person.episodes.filter((e) => e[0] === au && e[2] >= from && e[2] <= to);
    const kept = inside.sort((a, b) => b[4] - a[4]).slice(0, MOST_MARKS).sort((a, b) => a[2] - b[2]);
    return { x: kept.map((e) => e[2]), y: kept.map((e) => e[4]) };
  };

  const rowsOf = (person, every) => {
    const occurring = new Set(person.episodes.map(([au]) => au));
    const rows = data.aus.map((_, au) => au).filter((au) => every || occurring.has(au));
    return rows.length ? rows : data.aus.map((_, au) => au);
  };

  const bars = (spans) => {  // from (start, end) to a broken line
    const line = [];
    spans.forEach(([start, end]) => line.push(start, end, null));
    return line;
  };

  const figure = (person, rows, width) => {
    const narrow = width < 620;
    const strip = person.strip.length;
    const top = strip ? strip * STRIP + 10 : 0;
    const inner = top + rows.length * ROW;
    const up = (pixels) => 1 - pixels / inner;
    const layout = {
      width, height: inner + BELOW + 8,
      margin: { l: narrow ? 52 : 206, r: 22, t: 8, b: BELOW },
      showlegend: false, hovermode: "x", hoverdistance: -1, dragmode: "zoom",
      font: { family: "inherit", size: 12, color: INK }, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
      xaxis: { range: [first, last], anchor: "free", position: 0, title: { text: "seconds", standoff: 4 }, showgrid: true,
        gridcolor: "#e6e6e6", zeroline: false, hoverformat: ".3f" },
      annotations: [], shapes: [],
    };
    const traces = [];
    const label = (middle, text, size) => layout.annotations.push({
      xref: "paper", yref: "paper", x: 0, xanchor: "right", xshift: -8, y: middle, yanchor: "middle", text, showarrow: false,
      align: "right", font: { size },
    });
    if (strip) {
      layout.yaxis = { domain: [up(strip * STRIP), 1], range: [strip - 0.5, -0.5], fixedrange: true, showgrid: false, zeroline: false,
        showticklabels: false };
      person.strip.forEach(([name, spans], place) => {
        const words = name.replace("_", " ");
        traces.push({ x: bars(spans), y: bars(spans.map(() => [place, place])), mode: "lines", line: { color: INK, width: 9 },
          hovertemplate: `${words}<extra></extra>`, yaxis: "y" });
        label(up((place + 0.5) * STRIP), narrow ? words.slice(0, 8) : words, 11);
      });
    }
    rows.forEach((au, place) => {
      const name = `y${place + 2}`;
      const { column, name: meaning, most } = data.aus[au];
      const begins = top + place * ROW;
      const fives = most === 5;
      layout[`yaxis${place + 2}`] = {
        domain: [Math.max(up(begins + ROW - 6), 0), up(begins + 2)], range: [-0.12 * most, 1.05 * most], fixedrange: true, zeroline: true,
        zerolinecolor: "#b0b0b0", gridcolor: "#efefef", side: "right", tickfont: { size: 9 }, tickvals: fives ? [1, 3, 5] : [0, 1],
        ticktext: fives ? ["A", "C", "E"] : ["0", "1"],
      };
      label(up(begins + ROW / 2 - 2), narrow ? column : `<b>${column}</b><br>${meaning}`, narrow ? 11 : 11.5);
      const mine = person.episodes.filter(([which]) => which === au);
      traces.push({ ...points(person, au, first, last), mode: "lines", line: { color: BLUE, width: 1.3 }, yaxis: name, au,
        hovertemplate: `${column} %{y:.2f}<extra></extra>` });
      traces.push({ x: bars(mine.map((e) => [e[1], e[3]])), y: bars(mine.map(() => [-0.06 * most, -0.06 * most])), mode: "lines",
        line: { color: INK, width: 4 }, hoverinfo: "skip", yaxis: name });
      traces.push({ ...marks(person, au, first, last), mode: "markers", hoverinfo: "skip", yaxis: name, peaks: au,
        marker: { symbol: "triangle-down", size: 9, color: ORANGE, line: { color: INK, width: 0.7 } }, cliponaxis: false });
    });
    return { traces, layout };
  };

  const draw = (place, width) => {
    const person = people[place];
    const panel = panels[place];
    const plot = one(".plot", panel);
    const cursor = one(".cursor", panel);
    const wide = Math.max(Math.floor(width || one(".canvas", panel).clientWidth), 280);
    const rows = rowsOf(person, one(".all", panel).checked);
    const { traces, layout } = figure(person, rows, wide);
    const { l, r } = layout.margin;
    Plotly.react(plot, traces, layout, { displaylogo: false, displayModeBar: false, responsive: false, doubleClick: "reset" });
    person.drawn = wide;
    const range = () => plot.layout.xaxis.range;
    const pixels = () => (wide - l - r) / (range()[1] - range()[0]);
    person.follow = (time) => {
      const x = (time - range()[0]) * pixels();
      cursor.hidden = x < -0.5 || x > wide - l - r + 0.5;
      cursor.style.left = `${l + x - 1}px`;
    };
    person.reset = () => Plotly.relayout(plot, { "xaxis.range": [first, last] });
    plot.removeAllListeners("plotly_click");
    plot.removeAllListeners("plotly_relayout");
    plot.on("plotly_click", ({ event, points: hit }) => {
      const clicked = range()[0] + (event.clientX - plot.getBoundingClientRect().left - l) / pixels();
      const au = hit[0] && hit[0].data.au;
      const near = person.episodes.filter(([which]) => which === au)
        .map((e) => [Math.abs(e[2] - clicked) * pixels(), e[2]]).sort((a, b) => a[0] - b[0])[0];
      seek(near && near[0] <= 8 ? near[1] : Math.min(Math.max(clicked, first), last));
    });
    plot.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.startsWith("xaxis"))) return;
      const anew = traces.map((trace, at) => {
        if (trace.au !== undefined) return [points(person, trace.au, ...range()), at];
        return trace.peaks !== undefined ? [marks(person, trace.peaks, ...range()), at] : null;
      }).filter(Boolean);
      Plotly.restyle(plot, { x: anew.map(([part]) => part.x), y: anew.map(([part]) => part.y) }, anew.map(([, at]) => at));
      person.follow(times[here]);
    });
    person.follow(times[here]);
  };

  panels.forEach((panel, place) => {
    const person = people[place];
    one(".all", panel).addEventListener("change", () => draw(place));
    one(".whole", panel).addEventListener("click", () => person.reset());
    const peaks = [...new Set(person.episodes.map((e) => e[2]))].sort((a, b) => a - b);
    one(".next", panel).addEventListener("click", () => {
      const next = peaks.find((time) => time > times[here] + 1e-3);
      if (next !== undefined) seek(next);
    });
    one(".previous", panel).addEventListener("click", () => {
      const before = peaks.filter((time) => time < times[here] - 1e-3);
      if (before.length) seek(before[before.length - 1]);
    });
    panel.addEventListener("click", (event) => {
      const button = event.target.closest(".seek");
      if (button) seek(Number(button.dataset.time));
    });
    const filter = one(".filter", panel);
    if (filter) {
      filter.addEventListener("change", () => {
        all(".episodes tbody tr", panel).forEach((row) => { row.hidden = Boolean(filter.value) && row.dataset.au !== filter.value; });
      });
    }
  });

  const show = (place) => { if (people[place] && !people[place].drawn) draw(place); };
  whenSelected.unshift(show);
  if (panels.length) select(0, false);
  say();

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      people.forEach((person, place) => { if (place !== selected) person.drawn = 0; });
      if (people[selected] && one(".canvas", panels[selected]).clientWidth !== people[selected].drawn) draw(selected);
    }, 150);
  });
  addEventListener("beforeprint", () => {
    const still = one("#still");
    if (still && video.readyState >= 2) {  // printers have no video: the frame that it shows
      still.width = video.videoWidth;
      still.height = video.videoHeight;
      still.getContext("2d").drawImage(video, 0, 0);
    } else if (still) {
      still.width = 0;
    }
    people.forEach((_, place) => draw(place, 660));
  });
  addEventListener("afterprint", () => {
    people.forEach((person) => { person.drawn = 0; });
    show(selected);
  });
})();

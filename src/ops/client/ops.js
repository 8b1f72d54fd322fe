// The pages are whole without this script. It keeps "Now" up to date by one stream, draws the charts so that they can be
// read point by point, and copies commands.

const id = (name) => document.getElementById(name);

/** Makes `old` look like `next` and keeps what did not change: focus, open popovers, open details, scroll. */
function morph(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) return void old.replaceWith(next);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name, value } of [...next.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    // What the reader opened stays open.
    if (!next.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS'))
      old.removeAttribute(name);
  }
  const before = [...old.childNodes].filter((node) => !node.isDrawn);
  const after = [...next.childNodes];
  after.forEach((node, at) => {
    if (before[at]) morph(before[at], node);
    else old.append(node);
  });
  for (const node of before.slice(after.length)) node.remove();
}

function take(name, markup) {
  const old = id(name);
  if (!old) return;
  const box = document.createElement('template');
  box.innerHTML = markup;
  const next = box.content.firstElementChild;
  for (const button of next.querySelectorAll('[data-copy]')) button.hidden = false;
  morph(old, next);
}

// ---- the stream

let source = null;
let heardAt = 0;

function listen() {
  const address = document.body.dataset.live;
  if (!address || source) return;
  source = new EventSource(address);
  source.onmessage = ({ data }) => {
    const { at, parts } = JSON.parse(data);
    heardAt = Date.now();
    for (const [name, markup] of Object.entries(parts)) {
      if (name === 'title') {
        const text = document.createElement('textarea');
        text.innerHTML = markup;
        document.title = text.value;
      } else take(name, markup);
    }
    const time = document.querySelector('#told time');
    if (time && time.dateTime.slice(0, 16) !== at.slice(0, 16)) {
      time.dateTime = at;
      time.textContent = clock.format(new Date(at)).replace(/,(?= \d{4})/, '');
    }
    drawCharts();
    sayLive();
  };
  source.onerror = () => {
    // 2 is "closed": the server refused, so the session has ended.
    if (source?.readyState === 2) hangUp('logged out or restarted: load the page again');
  };
}

const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'America/Chicago',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

function hangUp(words) {
  source?.close();
  source = null;
  if (id('live') && words) id('live').textContent = words;
}

function sayLive() {
  const live = id('live');
  if (!live || !source) return;
  const seconds = Math.round((Date.now() - heardAt) / 1000);
  if (heardAt === 0) return;
  const words = seconds < 10 ? 'live' : `no news for ${seconds} s`;
  if (live.textContent !== words) live.textContent = words;
}

setInterval(sayLive, 1000);
// A page with an open stream is not kept for the back button.
addEventListener('pagehide', () => hangUp());
addEventListener('pageshow', listen);
document.addEventListener('visibilitychange', () => (document.hidden ? hangUp() : listen()));

// ---- copying commands

for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-copy]');
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = 'Selected';
  }
  setTimeout(() => (button.textContent = 'Copy'), 1500);
});

// ---- charts

const drawn = new Map();
let uPlotLoaded = null;

const loadPlot = () =>
  (uPlotLoaded ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = 'UPLOT_PATH';
    script.onload = () => resolve(window.uPlot);
    script.onerror = reject;
    document.head.append(script);
  }));

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const tones = () => ({ ink: colour('--ink'), grey: colour('--ctx'), bad: colour('--bad') });

async function drawCharts() {
  const boxes = [...document.querySelectorAll('[data-chart]')];
  if (boxes.length === 0) return;
  const uPlot = await loadPlot();
  for (const box of boxes) {
    const text = box.querySelector('script').textContent;
    const known = drawn.get(box);
    if (known?.text === text && known.width === box.clientWidth) continue;
    known?.plot.destroy();
    known?.tip.remove();
    if (box.clientWidth > 0) drawn.set(box, draw(uPlot, box, text));
  }
}

/** In the place of the still: same size, same scale, so that nothing moves. */
function draw(uPlot, box, text) {
  const data = JSON.parse(text);
  const { times, series, kind, isLog, from, to, stepMs, scale, marks, target, top, height } = data;
  const paint = tones();
  const [low, high] = [scale[0], scale.at(-1)];
  const shift = kind === 'bars' ? stepMs / 2 : 0;
  const clip = (value) => (value === null ? null : Math.min(high, Math.max(low, value)));
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  tip.isDrawn = true;
  const lines = (plot) => {
    const { ctx, bbox } = plot;
    const x = (ms) => plot.valToPos(ms / 1000, 'x', true);
    const y = (value) => plot.valToPos(value, 'y', true);
    const stroke = (style, dash, path) => {
      ctx.save();
      ctx.strokeStyle = style;
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(dash.map((one) => one * devicePixelRatio));
      ctx.beginPath();
      path();
      ctx.stroke();
      ctx.restore();
    };
    stroke(colour('--hair'), [], () => {
      for (const value of scale) {
        ctx.moveTo(bbox.left, y(value));
        ctx.lineTo(bbox.left + bbox.width, y(value));
      }
    });
    if (target !== null) {
      stroke(colour('--grey'), [3, 3], () => {
        ctx.moveTo(bbox.left, y(target));
        ctx.lineTo(bbox.left + bbox.width, y(target));
      });
    }
    for (const { at, kind: of } of marks) {
      // A publish is no more than a tick: there is one in most hours.
      const isTick = of === 'publish';
      const tone = isTick ? '--ctx' : of === 'alert' ? '--bad' : '--you';
      stroke(colour(tone), isTick ? [] : [1, 3], () => {
        ctx.moveTo(x(at), 0);
        ctx.lineTo(x(at), isTick ? 7 * devicePixelRatio : bbox.top + bbox.height);
      });
    }
  };
  const plot = new uPlot(
    {
      width: box.clientWidth,
      height,
      padding: [top, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false } },
      scales: { x: { range: [from / 1000, to / 1000] }, y: { range: [low, high], distr: isLog ? 3 : 1 } },
      axes: [{ show: false }, { show: false }],
      series: [
        {},
        ...series.map(({ label, tone }) => ({
          label,
          stroke: paint[tone],
          fill: kind === 'bars' ? paint[tone] : undefined,
          width: kind === 'bars' ? 0 : 1.4,
          spanGaps: false,
          points: { show: times.length < 3 },
          paths: kind === 'bars' ? uPlot.paths.bars({ size: [0.55, 40] }) : undefined,
        })),
      ],
      hooks: {
        drawAxes: [lines],
        setCursor: [({ cursor: { idx, left } }) => showTip(idx, left)],
      },
    },
    [
      times.map((at) => Math.min(at + shift, (at + to) / 2) / 1000),
      ...series.map(({ values }) => values.map(clip)),
    ],
    box,
  );
  plot.root.isDrawn = true;
  plot.root.setAttribute('aria-hidden', 'true');
  box.append(tip);
  const write = (value) => (value === null ? '–' : value.toLocaleString('en-US'));
  function showTip(at, left) {
    tip.hidden = at == null || left < 0;
    if (tip.hidden) return;
    const near = marks
      .filter((mark) => Math.abs(mark.at - times[at]) < (to - from) / 100)
      .map((mark) => mark.text);
    tip.textContent = [
      clock.format(new Date(times[at])),
      ...series.map(({ label, values }) => `${label} ${write(values[at])}${data.unit && ` ${data.unit}`}`),
      ...near,
    ].join(' · ');
    const room = box.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(left + 8, room))}px`;
  }
  return { plot, tip, text, width: box.clientWidth };
}

addEventListener('resize', () => drawCharts());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const [box, { plot, tip }] of drawn) {
    plot.destroy();
    tip.remove();
    drawn.delete(box);
  }
  drawCharts();
});
drawCharts();

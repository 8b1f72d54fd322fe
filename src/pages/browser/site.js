// What the pages can do more of where scripts run. Each part looks for its place and is silent without it.

const one = (selector) => document.querySelector(selector);
const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// Suggestions while a place is typed: a combobox as ARIA describes it (WAI-ARIA APG, "list autocomplete").
const field = one('[data-suggest]');
if (field) {
  const list = make('ul', { className: 'sug', id: 'sug', role: 'listbox', hidden: true });
  list.setAttribute('aria-label', field.dataset.list);
  field.form.append(list);
  let [options, chosen, asked] = [[], -1, 0];
  const set = (name, value) => field.setAttribute(`aria-${name}`, value);
  field.role = 'combobox';
  set('autocomplete', 'list');
  set('controls', 'sug');
  const choose = (at) => {
    chosen = at;
    [...list.children].forEach((item, row) => {
      item.setAttribute('aria-selected', row === at);
    });
    if (at < 0) field.removeAttribute('aria-activedescendant');
    else set('activedescendant', `s${at}`);
  };
  const show = (found) => {
    options = found;
    list.replaceChildren(
      ...found.map(({ name, about }, at) =>
        make('li', { id: `s${at}`, role: 'option' }, make('b', {}, name), make('small', {}, about)),
      ),
    );
    list.hidden = found.length === 0;
    set('expanded', !list.hidden);
    choose(-1);
  };
  show([]);
  field.addEventListener('input', async () => {
    const turn = ++asked;
    const typed = field.value.trim();
    if (typed.length < 2) return show([]);
    try {
      const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(typed)}`);
      const found = answer.ok ? await answer.json() : [];
      if (turn === asked) show(found);
    } catch {
      // Without suggestions the form still works.
    }
  });
  field.addEventListener('keydown', (event) => {
    const { key } = event;
    if (key === 'Escape') show([]);
    if (list.hidden) return;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      const step = key === 'ArrowDown' ? 1 : -1;
      choose(((chosen + step + 1 + options.length + 1) % (options.length + 1)) - 1);
      event.preventDefault();
    }
    if (key === 'Enter' && chosen >= 0) {
      location.href = options[chosen].href;
      event.preventDefault();
    }
  });
  field.addEventListener('blur', () => setTimeout(() => show([]), 150));
  list.addEventListener('pointerdown', (event) => {
    const at = [...list.children].indexOf(event.target.closest('li'));
    if (at >= 0) location.href = options[at].href;
  });
}

// Places somebody looked at, kept on the device and nowhere else.
const KEPT = 'places';
const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
};
const here = one('[data-place]');
const look = () => {
  const { place: name, href } = here.dataset;
  const places = [{ name, href }, ...kept().filter((other) => other.href !== href)].slice(0, 4);
  try {
    localStorage.setItem(KEPT, JSON.stringify(places));
  } catch {
    // A browser may forbid it.
  }
};
if (here) {
  // The request of a page that was fetched ahead did not count as somebody who looks: this does.
  const { city } = here.dataset;
  const lookAtLast = () => {
    look();
    if (city)
      navigator.sendBeacon('/views', new Blob([JSON.stringify({ city })], { type: 'application/json' }));
  };
  const [{ deliveryType }] = performance.getEntriesByType('navigation');
  if (document.prerendering) document.addEventListener('prerenderingchange', lookAtLast, { once: true });
  else if (deliveryType === 'navigational-prefetch') lookAtLast();
  else look();
}
const recent = one('[data-recent]');
if (recent) {
  const places = kept();
  if (places.length > 0) {
    const forget = make('button', { type: 'button' }, recent.dataset.forget);
    forget.addEventListener('click', () => {
      localStorage.removeItem(KEPT);
      recent.replaceChildren();
    });
    const links = places.flatMap(({ name, href }, at) => [at > 0 ? ', ' : ' ', make('a', { href }, name)]);
    recent.replaceChildren(recent.dataset.recent, ...links, '. ', forget);
  }
}

// Up to four plans side by side.
const picks = one('#cmp');
if (picks) {
  const [names, count] = [one('.tray ul'), one('[data-count]')];
  const boxes = [...picks.querySelectorAll('[name=id]')];
  const tell = () => {
    const on = boxes.filter((box) => box.checked);
    count.textContent = ` ${count.dataset.count.replace('1', on.length)}`;
    names.replaceChildren(
      ...on.map((box) => make('li', {}, box.closest('tr').querySelector('.pl a').textContent)),
    );
    for (const box of boxes) box.disabled = on.length >= 4 && !box.checked;
  };
  picks.addEventListener('change', tell);
  // The browser brings back what was ticked when somebody comes back.
  addEventListener('pageshow', tell);
}

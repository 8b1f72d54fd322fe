// Sends what a form of the page says and shows what comes back below it.

/** The token stays in this page: it is neither stored nor sent anywhere but to the routes that need it. */
const token = document.querySelector('#token');

/** @param {HTMLFormElement} form */
function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll('input[name]')) {
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== '') query.set(input.name, input.value);
  }
  const text = query.toString();
  const headers = {};
  if (form.dataset.admin !== undefined && token?.value) headers.authorization = `Bearer ${token.value}`;
  const body = form.querySelector('textarea')?.value;
  if (body !== undefined) headers['content-type'] = 'application/json';
  return [text ? `${path}?${text}` : path, { method: form.dataset.method, headers, body }];
}

const readable = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const output = form.parentElement.querySelector('output');
  const [url, init] = requestOf(form);
  output.textContent = `${init.method} ${url}\n…`;
  output.hidden = false;
  try {
    const began = performance.now();
    const answer = await fetch(url, init);
    const text = await answer.text();
    const took = (performance.now() - began).toFixed(0);
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    output.textContent = `${init.method} ${url}\n\n${answer.status} ${answer.statusText} in ${took} ms\n${head}\n\n${readable(text)}`;
  } catch (error) {
    output.textContent = `${init.method} ${url}\n\nNo answer: ${error.message}`;
  }
}

for (const form of document.forms) form.addEventListener('submit', send);

/** A link to an operation opens it. */
function openNamed() {
  const named = location.hash && document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) named.open = true;
}
addEventListener('hashchange', openNamed);
openNamed();

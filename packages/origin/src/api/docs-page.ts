import type { OpenApiDocument, Operation } from './openapi.js';

/** The documentation as one page of HTML, without scripts and without anything from elsewhere. */
export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags
    .map(({ name, description }) => {
      const own = operations.filter(({ operation }) => operation.tags.includes(name));
      if (own.length === 0) return '';
      const list = own.map(({ path, method, operation }) => operationHtml(path, method, operation)).join('');
      return `<section aria-labelledby="${name}"><h2 id="${name}">${text(name)}</h2><p>${text(description)}</p>${list}</section>`;
    })
    .join('');
  const contents = operations
    .map(
      ({ path, method, operation }) =>
        `<li><a href="#${operation.operationId}">${call(method, path)}</a></li>`,
    )
    .join('');
  const { title, version, description } = document.info;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(title)} API</title><style>${STYLE}</style></head><body><header><h1>${text(title)} API</h1>
<p>Release ${text(version)}. ${text(description)} As a document for machines: <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.</p></header>
<nav aria-label="Operations"><ul>${contents}</ul></nav><main>${sections}</main></body></html>`;
}

function operationHtml(path: string, method: string, operation: Operation): string {
  const { operationId, summary, description, parameters = [], requestBody, responses, security } = operation;
  const rows = parameters
    .map(
      ({ name, in: where, description: meaning = '', schema }) =>
        `<tr><th scope="row"><code>${text(name)}</code></th><td>${where}</td><td>${marked(meaning)} ${constraint(schema)}</td></tr>`,
    )
    .join('');
  const answers = Object.entries(responses)
    .map(([status, { description: meaning, content }]) => {
      const body = schemaIn(content);
      return `<details><summary><strong>${status}</strong> ${marked(String(meaning))}</summary>${body}</details>`;
    })
    .join('');
  return `<article id="${operationId}"><h3>${call(method, path)}</h3><p>${marked(summary)}</p>${
    description === undefined ? '' : `<p>${marked(description)}</p>`
  }${security === undefined ? '' : `<p class="role">${ROLES[operation['x-role'] ?? 'read']}</p>`}${
    rows === ''
      ? ''
      : `<table><thead><tr><th>name</th><th>in</th><th>meaning</th></tr></thead><tbody>${rows}</tbody></table>`
  }${requestBody === undefined ? '' : `<details><summary>Body</summary>${schemaIn(requestBody.content)}</details>`}${answers}</article>`;
}

function schemaIn(content: unknown): string {
  const [first] = Object.entries((content ?? {}) as Record<string, { readonly schema?: unknown }>);
  if (first === undefined) return '';
  return `<p><code>${text(first[0])}</code></p><pre>${text(JSON.stringify(first[1].schema, null, 2))}</pre>`;
}

const constraint = (schema: Readonly<Record<string, unknown>>): string =>
  Array.isArray(schema.enum)
    ? schema.enum.map((word) => `<code>${text(String(word))}</code>`).join(', ')
    : '';

const call = (method: string, path: string): string =>
  `<code><b>${method.toUpperCase()}</b> ${text(path)}</code>`;

/** Words between backquotes are code. */
const marked = (words: string): string => text(words).replace(/`([^`]+)`/g, '<code>$1</code>');

const ROLES = {
  read: 'Needs the role read, where a token is set.',
  operate: 'Changes something: from this machine, or with api.token.',
} as const;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const text = (words: string): string => words.replace(/[&<>"]/g, (letter) => ESCAPES[letter] ?? letter);

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}code,pre{font-family:ui-monospace,monospace;font-size:.9em}
h3{margin:0 0 .25rem;font-size:1rem}article{border:1px solid #8886;border-radius:.5rem;padding:.75rem;margin:.75rem 0}
b{color:light-dark(#0a5,#4d9)}.role{color:light-dark(#a40,#fb7)}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2rem .5rem .2rem 0}pre{overflow:auto;max-height:24rem;padding:.5rem;background:#8882}
nav ul{columns:22rem;padding-left:1rem}summary{cursor:pointer}:target{outline:2px solid light-dark(#06c,#6bf)}`;

// What Mermaid reads in flowcharts, as JSON: node mermaid_reads.js FOLDER_OF_MERMAID FILE...
const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');
const {pathToFileURL} = require('url');

const [folder, ...files] = process.argv.slice(2);
const from = createRequire(path.join(path.resolve(folder), 'package.json'));
const {JSDOM} = from('jsdom');

// Mermaid writes numbers of characters like this until it draws; a page would read them as HTML.
const shown = (page, text) => {
  const place = page.createElement('div');
  place.innerHTML = text.replaceAll('ﬂ°°', '&#').replaceAll('ﬂ°', '&').replaceAll('¶ß', ';');
  return place.innerHTML.includes('<br>') ? place.innerHTML.split('<br>').map((part) => shown(page, part)).join('\n') : place.textContent;
};

(async () => {
  const {window} = new JSDOM('<body></body>');
  Object.assign(globalThis, {window, document: window.document});
  const {default: mermaid} = await import(pathToFileURL(from.resolve('mermaid')));
  // As GitHub has it.
  mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
  const read = [];
  for (const file of files) {
    const diagram = await mermaid.mermaidAPI.getDiagramFromText(fs.readFileSync(file, 'utf8'));
    const text = (words) => shown(window.document, words);
    read.push({
      kind: diagram.type,
      nodes: [...diagram.db.getVertices().values()].map((node) => [node.id, text(node.text), node.type, node.classes]),
      edges: diagram.db.getEdges().map((edge) => [edge.start, edge.end, text(edge.text), edge.stroke]),
      links: [...diagram.db.getVertices().values()].filter((node) => node.link || node.haveCallback).length,
    });
  }
  console.log(JSON.stringify(read));
})();

// What memlab makes of a heap snapshot, as JSON: node memlab_reads.js FOLDER_OF_MEMLAB FILE CLASS
const path = require('path');
const {createRequire} = require('module');

const [folder, file, wanted] = process.argv.slice(2);
const from = createRequire(path.join(path.resolve(folder), 'package.json'));
const {config, utils, analysis} = from('@memlab/core');

(async () => {
  config.muteConsole = true;
  const snapshot = await utils.getSnapshotFromFile(file, {buildNodeIdIndex: true});
  analysis.preparePathFinder(snapshot);
  const types = {};
  const strings = [];
  let bytes = 0;
  let found = null;
  let count = 0;
  snapshot.nodes.forEach((node) => {
    types[node.type] = (types[node.type] || 0) + 1;
    bytes += node.self_size;
    if (node.type === 'string') strings.push(node.name);
    if (node.name === wanted) {
      found = found || node;
      count += 1;
    }
  });
  // memlab's own traces go around code and what it holds.
  const met = new Set([snapshot.nodes.get(0).id]);
  const waiting = [snapshot.nodes.get(0)];
  while (waiting.length) {
    waiting.pop().forEachReference((edge) => {
      if (!met.has(edge.toNode.id)) {
        met.add(edge.toNode.id);
        waiting.push(edge.toNode);
      }
    });
  }
  const trace = [];
  for (let node = found; node && node.hasPathEdge; node = node.pathEdge.fromNode) {
    trace.push([node.pathEdge.fromNode.name, String(node.pathEdge.name_or_index)]);
  }
  const referrers = [];
  if (found) found.forEachReferrer((edge) => void referrers.push([edge.type, String(edge.name_or_index)]));
  process.stdout.write(
    JSON.stringify({
      nodes: snapshot.nodes.length,
      edges: snapshot.edges.length,
      types,
      bytes,
      reached: met.size,
      count,
      trace,
      referrers,
      strings: strings.slice(0, 10000),
      retained: found ? found.retainedSize : null,
      id: found ? found.id : null,
    }),
  );
})();

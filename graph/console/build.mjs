// Builds src/ into served/, which is checked in: nothing needs Node at run time. `--watch`: again at each change.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import esbuild from 'esbuild';

const SERVED = 'served';
const isWatching = process.argv.includes('--watch');

/** SHA-256 of each source by its path, as sha256sum prints it: tests/console compares it, to see a build that was forgotten. */
function sourcesChecksum() {
  const names = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !each.name.endsWith('.generated.ts'))
    .map((each) => join(each.parentPath, each.name).replaceAll('\\', '/'));
  const lines = ['build.mjs', 'package-lock.json', ...names].sort().map((name) => {
    return `${createHash('sha256').update(readFileSync(name)).digest('hex')}  ${name}\n`;
  });
  return `${createHash('sha256').update(lines.join('')).digest('hex')}\n`;
}

/** The licence texts of all packages of which code is in the outputs. */
function licences(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) packages.add(found[1]);
  }
  const parts = [...packages].sort().map((name) => {
    const folder = join('node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`${name} ships no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `The console's files hold code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** index.html with the names of the built entry points, and what else stands beside them. */
function writeAround({ metafile, outputFiles, errors }) {
  if (errors.length > 0) return;
  const built = (entry) => {
    const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
    return `/console/${basename(found[0])}`;
  };
  rmSync(SERVED, { recursive: true, force: true });
  mkdirSync(SERVED);
  for (const file of outputFiles) writeFileSync(join(SERVED, basename(file.path)), file.contents);
  const page = readFileSync('src/index.html', 'utf8').replaceAll(/\{\{(.+?)\}\}/g, (_, entry) => built(entry));
  writeFileSync(join(SERVED, 'index.html'), page);
  for (const name of readdirSync('src/assets')) writeFileSync(join(SERVED, name), readFileSync(join('src/assets', name)));
  writeFileSync(join(SERVED, 'licenses.txt'), licences(metafile));
  writeFileSync(join(SERVED, 'sources.sha256'), sourcesChecksum());
  report(metafile);
}

function report(metafile) {
  const sizes = readdirSync(SERVED)
    .filter((name) => /\.(js|css|html|svg)$/.test(name))
    .map((name) => [name, gzipSync(readFileSync(join(SERVED, name)), { level: 9 }).length]);
  for (const [name, size] of sizes.sort((a, b) => b[1] - a[1])) console.log(`${String(size).padStart(8)}  ${name}`);
  console.log(`${String(sizes.reduce((sum, [, size]) => sum + size, 0)).padStart(8)}  bytes compressed`);
}

const options = {
  entryPoints: ['src/main.tsx', 'src/style.css', 'src/audio/worklets/capture.ts', 'src/audio/worklets/playback.ts'],
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  outdir: SERVED,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2023',
  minify: !isWatching,
  sourcemap: isWatching ? 'inline' : false,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  plugins: [{ name: 'around', setup: (build) => build.onEnd(writeAround) }],
};

if (isWatching) await (await esbuild.context(options)).watch();
else await esbuild.build(options);

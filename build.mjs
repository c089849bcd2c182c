// Builds static/dist: scripts for Chromium 53 and later, minified styles, pictures; names carry a hash of the content.
// The manifest (logical name -> file) is written last and by rename, so a running server never sees a half build.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = dirname(fileURLToPath(import.meta.url));
const DIST = join(ROOT, "static/dist");
const SCRIPTS = ["site", "watch", "hls", "live"];
const STYLES = ["site", "watch"];
const PACKED = new Set([".js", ".css", ".svg"]);

const built = await build({
  absWorkingDir: ROOT,
  entryPoints: [
    ...SCRIPTS.map((name) => ({ in: `static/js/${name}.js`, out: name })),
    ...STYLES.map((name) => ({ in: `static/css/${name}.css`, out: name })),
  ],
  outdir: DIST,
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: ["chrome53"],
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
});

const manifest = {};
const kept = new Set(["manifest.json"]);
await mkdir(DIST, { recursive: true });

/** Writes one file under its hashed name, beside a gzip of it where that pays. */
async function publish(name, bytes) {
  const extension = extname(name);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = `${name.slice(0, -extension.length)}.${hash}${extension}`;
  manifest[name] = file;
  const parts = [[file, bytes]];
  if (PACKED.has(extension)) parts.push([`${file}.gz`, gzipSync(bytes, { level: 9 })]);
  for (const [target, content] of parts) {
    kept.add(target);
    await writeFile(join(DIST, `${target}.tmp`), content);
    await rename(join(DIST, `${target}.tmp`), join(DIST, target));
  }
}

for (const file of built.outputFiles) await publish(file.path.slice(DIST.length + 1), file.contents);
for (const name of await readdir(join(ROOT, "static/img"))) {
  await publish(name, await readFile(join(ROOT, "static/img", name)));
}

await writeFile(join(DIST, "manifest.json.tmp"), JSON.stringify(manifest, null, 1));
await rename(join(DIST, "manifest.json.tmp"), join(DIST, "manifest.json"));
for (const name of await readdir(DIST)) {
  if (!kept.has(name)) await rm(join(DIST, name), { recursive: true });
}

for (const [name, file] of Object.entries(manifest)) {
  if (!PACKED.has(extname(name))) continue;
  const packed = (await readFile(join(DIST, `${file}.gz`))).length;
  console.log(`${name.padEnd(12)} ${(packed / 1024).toFixed(1).padStart(6)} KB gz`);
  if (name === "site.js" && packed > 100_000) throw new Error("site.js is over 100 KB compressed");
}

// Writes files, compressed, as C++: see page_files.hpp.
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const types = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };

export async function embed(folder, names, target) {
  const arrays = [];
  const entries = [];
  for (const [i, name] of names.sort().entries()) {
    const type = types[name.split(".").pop()];
    if (!type) throw new Error(`${name}: expected one of ${Object.keys(types).join(", ")}; add its type to ${import.meta.url}`);
    const bytes = gzipSync(await readFile(`${folder}/${name}`), { level: 9 });
    arrays.push(`constexpr unsigned char file_${i}[] = {${bytes.join(",")}};`);
    entries.push(`  {"${name}", "${type}", std::string_view{reinterpret_cast<const char*>(file_${i}), ${bytes.length}}},`);
  }
  await writeFile(target, `// Made by runtime/console/web/scripts/embed.mjs.
#include "runtime/console/page_files.hpp"

namespace {

${arrays.join("\n")}

const lode::page_file files[] = {
${entries.join("\n")}
};

} // namespace

std::span<const lode::page_file> lode::page_files() {
  return files;
}
`);
}

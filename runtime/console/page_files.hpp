#pragma once

#include <span>
#include <string_view>

namespace lode {

/// One file of the web page, as the build put it into the program.
struct page_file {
  std::string_view name; ///< "index.html"; all but index.html and icon.svg have their content's hash in it
  std::string_view content_type;
  std::string_view gzip; ///< its content, compressed
};

std::span<const page_file> page_files();

} // namespace lode

#pragma once

#include <string>

namespace simapi {

/// The text, compressed as Content-Encoding gzip wants it.
std::string gzip(const std::string& text);

} // namespace simapi

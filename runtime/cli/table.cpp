#include "runtime/cli/table.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>

namespace lode {

namespace json = boost::json;

namespace {

/// Letters, not bytes: continuation bytes of UTF-8 take no column.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
}

} // namespace

table::table(std::vector<std::string> headings) {
  rows_.push_back(std::move(headings));
}

void table::add(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

void table::print(std::ostream& out) const {
  std::vector<size_t> widths(rows_[0].size());
  std::vector<bool> is_right(rows_[0].size(), rows_.size() > 1);
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::max(widths[c], width(rows_[r][c]));
      is_right[c] = is_right[c] && (r == 0 || is_number(rows_[r][c]));
    }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < widths.size(); ++c) {
      std::string gap(widths[c] - width(row[c]), ' ');
      line += (c ? "  " : "") + (is_right[c] ? gap + row[c] : row[c] + gap);
    }
    while (line.ends_with(' '))
      line.pop_back();
    out << line << "\n";
  }
}

std::string cell(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains({key.data(), key.size()});
  if (!found || found->is_null())
    return {};
  if (found->is_string())
    return std::string{found->get_string()};
  if (found->is_double()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.0f", found->get_double());
    return text;
  }
  return json::serialize(*found);
}

std::string joined_cell(const json::object& object, std::string_view key) {
  std::string out;
  const auto* found = object.if_contains({key.data(), key.size()});
  if (found && found->is_array())
    for (const auto& item : found->get_array())
      out += (out.empty() ? "" : ",") + (item.is_string() ? std::string{item.get_string()} : json::serialize(item));
  return out;
}

} // namespace lode

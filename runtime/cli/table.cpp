#include "runtime/cli/table.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>

#include "runtime/cli/terminal/text.hpp"

namespace lode {

namespace json = boost::json;

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
}

} // namespace

table::table(std::vector<std::string> headings) {
  rows_.push_back(std::move(headings));
}

void table::add(std::vector<std::string> cells) {
  for (auto& each : cells)
    each = printable(each);
  rows_.push_back(std::move(cells));
}

void table::print(std::ostream& out) const {
  std::vector<size_t> widths(rows_[0].size());
  std::vector<bool> is_right(rows_[0].size(), rows_.size() > 1);
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::max(widths[c], columns_of(rows_[r][c]));
      is_right[c] = is_right[c] && (r == 0 || is_number(rows_[r][c]));
    }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < widths.size(); ++c) {
      std::string gap(widths[c] - columns_of(row[c]), ' ');
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

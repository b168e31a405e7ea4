#include "runtime/expression/argument_binding.hpp"

#include <algorithm>

#include "runtime/expression/token_cursor.hpp"

namespace lode::expression {

namespace {

struct parameter_list {
  std::vector<std::string_view> names;
  bool is_variadic = false;
};

parameter_list read_parameters(std::string_view text) {
  parameter_list out;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    out.names.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out.is_variadic = !out.names.empty() && out.names.back() == "...";
  if (out.is_variadic)
    out.names.pop_back();
  return out;
}

/// `filter 'join'`, for messages.
std::string title(const function_row& row, std::string_view what) {
  return std::string{what} + " " + quoted(row.name);
}

failure misfit(const function_row& row, std::string_view what, const given_argument& argument) {
  auto found = argument.name.empty() ? "too many arguments" : "no argument " + quoted(argument.name);
  return {title(row, what) + " takes " + found + "; it has (" + std::string{row.parameters} + ")", argument.column};
}

} // namespace

std::optional<failure> bind_arguments(const function_row& row, std::string_view what, std::vector<given_argument> given,
                                      node_list& arguments, size_t column) {
  auto [names, is_variadic] = read_parameters(row.parameters);
  auto start = arguments.size();
  arguments.resize(start + names.size());
  size_t next = 0;
  for (auto& each : given) {
    bool is_named = !each.name.empty();
    auto place =
      is_named ? static_cast<size_t>(std::find(names.begin(), names.end(), each.name) - names.begin()) : next++;
    if (place < names.size())
      arguments[start + place] = std::move(each.item);
    else if (is_variadic && !is_named)
      arguments.push_back(std::move(each.item));
    else
      return misfit(row, what, each);
  }
  for (size_t i = 0; i < row.required; ++i)
    if (!arguments[start + i])
      return failure{title(row, what) + " needs the argument " + quoted(names[i]), column};
  return std::nullopt;
}

} // namespace lode::expression

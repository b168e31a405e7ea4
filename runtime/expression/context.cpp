#include "runtime/expression/context.hpp"

namespace lode::expression {

namespace {

std::string_view canonical(std::string_view name) {
  return name == "stream_partition" || name == "stream_interval" ? "stream_slice" : name;
}

} // namespace

void context::set(std::string_view name, value item) {
  name = canonical(name);
  for (auto& [known, old] : names_) {
    if (known == name) {
      old = std::move(item);
      return;
    }
  }
  names_.emplace_back(std::string{name}, std::move(item));
}

const value* context::find(std::string_view name) const {
  name = canonical(name);
  for (auto& [known, item] : names_)
    if (known == name)
      return &item;
  return nullptr;
}

std::string context::names() const {
  std::string all;
  for (auto& [name, item] : names_)
    all += (all.empty() ? "" : ", ") + name;
  return all;
}

} // namespace lode::expression

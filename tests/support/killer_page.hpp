#pragma once

#include <string>

#include "tests/support/scenario.hpp"

/// A page that ends the process which reads it, by the fault `processor.on_page=` and this text.
namespace lode::test {

inline constexpr auto poison = "this-text-kills-the-process";

/// Puts it into a record in the middle of a graph tenant's posts.
inline void poison_a_record(scenario& world, const std::string& tenant) {
  auto key = text_in(world.control_lines("/control/truth?tenant=" + tenant).at(0), "key");
  auto raw = R"({"id":")" + key + R"(","updated_time":"2024-07-01T00:00:00+0000","message":")" + poison + R"("})";
  json::object edit{{"op", "edit"}, {"tenant", tenant}, {"stream", "posts"}, {"key", key}, {"raw", raw}, {"at", 1'719'792'000'000}};
  world.control("/control/mutate", {{"ops", json::array{edit}}});
}

/// For `--tenants` of the audit.
inline std::string all_but(const scenario& world, const std::string& left_out) {
  std::string names;
  for (const auto& tenant : world.tenants())
    if (tenant != left_out)
      names += (names.empty() ? "" : ",") + tenant;
  return names;
}

} // namespace lode::test

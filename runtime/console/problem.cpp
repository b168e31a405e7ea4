#include "runtime/console/problem.hpp"

#include <algorithm>
#include <array>

#include "runtime/security/redact.hpp"

namespace lode {

namespace {

struct known_problem {
  std::string_view code;
  std::string_view title;
};

/// Each has an entry under x-problems in openapi.json.
constexpr std::array known{
  known_problem{"bad_argument", "The request is wrong"},
  known_problem{"bad_sink", "The sink's description cannot be used"},
  known_problem{"bad_source", "The source's description or configuration cannot be used"},
  known_problem{"conflict", "The state does not allow it"},
  known_problem{"internal", "A defect"},
  known_problem{"not_found", "Not found"},
  known_problem{"not_owner", "Another node owns it"},
  known_problem{"stale_version", "Changed meanwhile"},
  known_problem{"store_unavailable", "The database does not answer"},
  known_problem{"too_many_requests", "Too many requests"},
  known_problem{"unauthorized", "Not allowed"},
  known_problem{"unknown_outcome", "Whether it was done is not known"},
};

} // namespace

std::string title_of(std::string_view code) {
  const auto* found = std::ranges::find(known, code, &known_problem::code);
  return std::string{found == known.end() ? "The request failed" : found->title};
}

boost::json::object problem_of(int status, std::string_view code, std::string_view detail) {
  return {{"type", "/api/v1/openapi.json#/x-problems/" + std::string{code}},
          {"title", title_of(code)},
          {"status", status},
          {"detail", redact(detail)},
          {"code", boost::json::string_view{code.data(), code.size()}}};
}

} // namespace lode

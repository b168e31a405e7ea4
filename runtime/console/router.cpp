#include "runtime/console/router.hpp"

namespace lode {

namespace {

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::map<std::string, std::string>& parameters) {
  while (!pattern.empty() && !path.empty()) {
    auto wanted = next_segment(pattern);
    auto found = next_segment(path);
    if (wanted.starts_with('{')) {
      auto value = percent_decoded(found);
      if (found.empty() || !value)
        return false;
      parameters[std::string{wanted.substr(1, wanted.size() - 2)}] = std::move(*value);
    } else if (wanted != found) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

} // namespace

void router::add(std::string method, std::string pattern, api_handler handle, route_access access) {
  routes_.push_back({std::move(method), std::move(pattern), access, std::move(handle)});
}

const route* router::find(api_request& request, api_response& refusal) const {
  std::string allow;
  for (const auto& candidate : routes_) {
    std::map<std::string, std::string> parameters;
    if (!matches(candidate.pattern, request.path, parameters))
      continue;
    if (candidate.method == request.method) {
      request.parameters = std::move(parameters);
      return &candidate;
    }
    allow += (allow.empty() ? "" : ", ") + candidate.method;
  }
  if (allow.empty()) {
    refusal = error_response(404, "not_found", "there is no " + request.path + "; see /api/v1/openapi.json");
  } else {
    refusal = error_response(405, "bad_argument", request.method + " is not possible on " + request.path + ", only " + allow);
    refusal.allow = allow;
  }
  return nullptr;
}

} // namespace lode

#include "runtime/extraction/request_url.hpp"

#include <algorithm>

#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

using expression::value;

std::string join_url(std::string base, std::string path) {
  path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  if (path.empty())
    return base;
  if (!base.ends_with('/'))
    base += '/';
  return resolve_reference(base, path);
}

caf::error append_values(std::vector<query_parameter>& out, const std::string& key, const value& item,
                         std::string_view bag) {
  using expression::kind;
  if (item.is(kind::none))
    return {};
  if (item.is(kind::map))
    return failed(errc::bad_source, "the " + std::string{bag} + " `" + key + "` is a map, text or a list is needed");
  if (!item.is(kind::list)) {
    out.emplace_back(key, expression::to_text(item));
    return {};
  }
  for (const auto& element : item.list())
    out.emplace_back(key, expression::to_text(element));
  return {};
}

caf::expected<std::string> with_parameters(std::string url, const request_fields::entries& parameters) {
  auto present = query_parameters(url);
  std::vector<query_parameter> wanted;
  for (const auto& [key, item] : parameters)
    if (auto error = append_values(wanted, key, item, "parameter"))
      return error;
  // A next link repeats what the request is made of; what it says with the same value is not said twice.
  std::erase_if(wanted,
                [&](const auto& entry) { return std::find(present.begin(), present.end(), entry) != present.end(); });
  return wanted.empty() ? url : append_query(url, wanted);
}

caf::expected<http_request> with_parameters(caf::expected<http_request> made, const request_fields::entries& parameters) {
  if (!made)
    return made;
  auto url = with_parameters(std::move(made->url), parameters);
  if (!url)
    return std::move(url.error());
  made->url = std::move(*url);
  return made;
}

http_timeouts timeouts_of(const lode_extension& extension) {
  using std::chrono::milliseconds;
  return {extension.timeouts.connect.value_or(milliseconds{0}), extension.timeouts.first_byte.value_or(milliseconds{0}),
          extension.timeouts.whole.value_or(milliseconds{0})};
}

} // namespace lode

#pragma once

#include <exception>
#include <string>
#include <type_traits>

#include "runtime/expression/json_text.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/registry.hpp"

/// `{NAME: {settings}}`, where NAME is of a registry of factories: how manifests name what users may add. Internal to this folder.
namespace lode {

/// The key of `{NAME: {settings}}`, or "".
std::string only_key(const manifest_node& node);

/// What stands in settings has an effect, whoever reads it.
inline void record_all(const component& settings) {
  if (auto text = expression::to_json(to_value(settings.node())))
    settings.record(*text);
}

/// Makes what the factory says of these settings. Nothing after a mistake, which has been told: also when the factory threw, or made
/// nothing without a word.
template <class Factory, class Request>
auto made_by(const Factory& make, const std::string& name, const Request& request)
  -> std::remove_cvref_t<std::invoke_result_t<const Factory&, const Request&>> {
  const auto before = request.settings.mistakes();
  try {
    auto made = make(request);
    if (made)
      return made;
    if (request.settings.mistakes() == before)
      request.settings.error(name + " makes nothing of these settings and does not say why");
  } catch (const std::exception& problem) {
    request.settings.error(name + " makes nothing of these settings: " + problem.what());
  } catch (...) {
    request.settings.error(name + " makes nothing of these settings: it threw what is no std::exception");
  }
  return {};
}

} // namespace lode

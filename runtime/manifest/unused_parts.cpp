#include <algorithm>

#include "runtime/manifest/compile.hpp"

namespace lode {

namespace {

bool is_all_maps(const manifest_node& list) {
  return std::ranges::all_of(list.items, [](const auto& each) { return each->is == manifest_node::shape::map; });
}

/// Tells what one miner does itself, and what stands in vain beside it.
class vain_parts {
public:
  explicit vain_parts(const std::string& miner) : who_("miner " + miner) {}

  void tell_paginator(const component& stream, const component& retriever) const {
    if (auto paginator = retriever.child("paginator"); paginator && paginator->type() != "NoPagination")
      retriever.error(who_ + " follows pages by itself and does not use this " + named(*paginator) + ": remove it"
                        + instead_,
                      "paginator");
    auto block = stream.child("x-lode");
    if (block && block->has("next_link_hosts"))
      block->error(who_ + " follows pages by itself and does not use these hosts: remove them" + instead_,
                   "next_link_hosts");
  }

  /// An empty path, which says nothing, may stay for those whose tools ask for an extractor.
  void tell_extractor(const component& retriever) const {
    auto selector = retriever.child("record_selector");
    auto extractor = selector ? selector->child("extractor") : std::nullopt;
    auto path = extractor ? extractor->field("field_path") : nullptr;
    if (extractor && (extractor->type() != "DpathExtractor" || (path != nullptr && !path->items.empty())))
      selector->error(who_ + " finds the records of a page by itself and does not use this " + named(*extractor)
                        + ": remove it" + instead_,
                      "extractor");
  }

  void tell_body(const component& stream, const component& retriever) const {
    if (auto requester = retriever.child("requester"))
      for (auto key : {"http_method", "request_body", "request_body_data", "request_body_json"})
        if (requester->has(key))
          requester->error(who_ + " makes the body of its requests by itself and does not use this " + key
                             + ": remove it" + instead_,
                           key);
    tell_body_options(retriever);
    if (auto cursor = stream.child("incremental_sync"))
      tell_body_options(*cursor);
  }

private:
  /// Any option in it that is put into the body.
  void tell_body_options(const component& from) const {
    if (auto into = from.field("inject_into");
        into != nullptr && into->is_text() && into->scalar.string().starts_with("body_"))
      from.error(who_ + " makes the body of its requests by itself and does not use what is put into "
                   + into->scalar.string() + ": put it into request_parameter or header, or remove it" + instead_,
                 "inject_into");
    for (const auto& [key, item] : from.node().entries) {
      if (key == "stream") // a parent, which has a miner of its own
        continue;
      if (item->is == manifest_node::shape::map)
        tell_body_options(*from.child(key));
      else if (item->is == manifest_node::shape::list && is_all_maps(*item))
        for (const auto& each : from.children(key))
          tell_body_options(each);
    }
  }

  static std::string named(const component& part) { return part.type().empty() ? "part" : part.type(); }

  std::string who_;
  static constexpr const char* instead_ = " (what this miner can be told stands below its name in x-lode.miner)";
};

} // namespace

void refuse_unused(const component& stream, const used_parts& used, const std::string& miner) {
  auto retriever = stream.child("retriever");
  if (!retriever)
    return;
  const vain_parts vain{miner};
  if (!used.paginator)
    vain.tell_paginator(stream, *retriever);
  if (!used.extractor)
    vain.tell_extractor(*retriever);
  if (!used.request_body)
    vain.tell_body(stream, *retriever);
}

} // namespace lode

#include <algorithm>
#include <utility>

#include "runtime/expression/program.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/link_header.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/registry.hpp"

namespace lode {

namespace {

/// Most paths are plain: names, which cost something, are put together for the others only.
caf::expected<field_path> records_path(const stream_plan& stream, const page_request& page) {
  const auto& elements = stream.selector.field_path;
  auto is_plain = std::all_of(elements.begin(), elements.end(), [](const auto& element) { return element.is_plain(); });
  auto names = is_plain
                 ? caf::expected<expression::context>{expression::context{to_date_time(page.now)}}
                 : names_of(stream, page.config, page.partition, printed_bounds(page.state, page.slice), page.now);
  if (!names)
    return names.error();
  field_path path;
  for (const auto& element : elements) {
    auto name = text_of(element, *names, "field_path");
    if (!name)
      return name.error();
    path.push_back(std::move(*name));
  }
  return path;
}

/// Templates of the paginator that read what an API answered.
std::vector<const program*> readers_of(const paginator_plan& plan) {
  std::vector<const program*> readers;
  auto add = [&](const std::optional<program>& code) {
    if (code)
      readers.push_back(&*code);
  };
  std::visit(
    [&](const auto& strategy) {
      if constexpr (requires { strategy.page_size; })
        add(strategy.page_size);
    },
    plan.strategy);
  if (auto cursor = std::get_if<cursor_paging>(&plan.strategy)) {
    readers.push_back(&cursor->cursor_value);
    add(cursor->stop_condition);
  }
  return readers;
}

void set_paging_names(expression::context& names, const paginator_plan& plan, const page_request& page, json_node body,
                      const page_facts& facts) {
  const auto readers = readers_of(plan);
  // For a top-level list, `response` is its first element.
  auto first = body.is(json_kind::list) ? body.first_child() : body;
  names.set("response", first.exists() ? body_for(readers, first) : expression::value{expression::value_map{}});
  names.set("headers", headers_value(page.response.headers()));
  names.set("last_page_size", facts.kept);
  bool reads_last = std::any_of(readers.begin(), readers.end(),
                                [](auto code) { return code->source().find("last_record") != std::string::npos; });
  json_document document;
  bool has_last = reads_last && !facts.last_record.empty() && !document.parse(facts.last_record);
  names.set("last_record", has_last ? to_value(document.root()) : expression::value{expression::none_value{}});
}

class manifest_protocol final : public page_protocol {
public:
  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    return build_request(stream, inputs);
  }

  caf::expected<std::vector<json_node>> records(const page_request& page, json_node body) const override {
    auto path = records_path(page.source.streams[page.stream], page);
    if (!path)
      return path.error();
    return select_records(body, *path);
  }

  caf::expected<paging_step> follow(const page_request& page, json_node body, const page_facts& facts,
                                    expression::context& names) const override {
    const auto& stream = page.source.streams[page.stream];
    set_paging_names(names, stream.paginator, page, body, facts);
    return next_page(stream, page.state, facts, names);
  }
};

} // namespace

page_protocol_pointer manifest_pages() {
  static const auto pages = std::make_shared<const manifest_protocol>();
  return pages;
}

miner_registry builtin_miners() {
  auto make = [](const miner_request& asked) {
    asked.settings.refuse_unknown({});
    return manifest_pages();
  };
  return miner_registry{"miner", {{default_miner, {make, every_part}}}};
}

} // namespace lode

#include "runtime/manifest/parameters.hpp"

#include <algorithm>
#include <array>

namespace lode {

namespace {

using node_pointer = manifest_node_pointer;
using parameters = std::vector<manifest_node::entry>;

constexpr size_t most_nodes = 2'000'000;

struct implied_type {
  std::string_view place, type;
};

constexpr std::array implied_types{
  implied_type{"CompositeErrorHandler.error_handlers", "DefaultErrorHandler"},
  implied_type{"CursorPagination.decoder", "JsonDecoder"},
  implied_type{"DatetimeBasedCursor.end_datetime", "MinMaxDatetime"},
  implied_type{"DatetimeBasedCursor.end_time_option", "RequestOption"},
  implied_type{"DatetimeBasedCursor.start_datetime", "MinMaxDatetime"},
  implied_type{"DatetimeBasedCursor.start_time_option", "RequestOption"},
  implied_type{"DeclarativeSource.check", "CheckStream"},
  implied_type{"DeclarativeSource.spec", "Spec"},
  implied_type{"DeclarativeSource.streams", "DeclarativeStream"},
  implied_type{"DeclarativeStream.retriever", "SimpleRetriever"},
  implied_type{"DeclarativeStream.schema_loader", "JsonFileSchemaLoader"},
  implied_type{"DynamicDeclarativeStream.stream_template", "DeclarativeStream"},
  implied_type{"DynamicDeclarativeStream.components_resolver", "ConfigComponentResolver"},
  implied_type{"HttpComponentsResolver.retriever", "SimpleRetriever"},
  implied_type{"HttpComponentsResolver.components_mapping", "ComponentMappingDefinition"},
  implied_type{"ConfigComponentsResolver.stream_config", "StreamConfig"},
  implied_type{"ConfigComponentsResolver.components_mapping", "ComponentMappingDefinition"},
  implied_type{"DefaultErrorHandler.response_filters", "HttpResponseFilter"},
  implied_type{"DefaultPaginator.decoder", "JsonDecoder"},
  implied_type{"DefaultPaginator.page_size_option", "RequestOption"},
  implied_type{"DpathExtractor.decoder", "JsonDecoder"},
  implied_type{"HttpRequester.error_handler", "DefaultErrorHandler"},
  implied_type{"ListPartitionRouter.request_option", "RequestOption"},
  implied_type{"ParentStreamConfig.request_option", "RequestOption"},
  implied_type{"ParentStreamConfig.stream", "DeclarativeStream"},
  implied_type{"RecordSelector.extractor", "DpathExtractor"},
  implied_type{"RecordSelector.record_filter", "RecordFilter"},
  implied_type{"SimpleRetriever.paginator", "NoPagination"},
  implied_type{"SimpleRetriever.record_selector", "RecordSelector"},
  implied_type{"SimpleRetriever.requester", "HttpRequester"},
  implied_type{"SubstreamPartitionRouter.parent_stream_configs", "ParentStreamConfig"},
  implied_type{"AddFields.fields", "AddedFieldDefinition"},
  implied_type{"CustomPartitionRouter.parent_stream_configs", "ParentStreamConfig"},
  implied_type{"DynamicSchemaLoader.retriever", "SimpleRetriever"},
  implied_type{"SchemaTypeIdentifier.types_map", "TypesMap"},
};

template <class Entries>
auto find_entry(Entries& entries, std::string_view key) {
  return std::find_if(entries.begin(), entries.end(), [key](auto& each) { return each.first == key; });
}

void set_entry(parameters& entries, const std::string& key, node_pointer item) {
  if (auto old = find_entry(entries, key); old != entries.end())
    old->second = std::move(item);
  else
    entries.emplace_back(key, std::move(item));
}

bool is_truthy(const manifest_node& node) {
  if (node.is == manifest_node::shape::scalar)
    return expression::is_true(node.scalar);
  return !node.items.empty() || !node.entries.empty();
}

node_pointer make_map(parameters entries, uint32_t line) {
  auto out = std::make_shared<manifest_node>();
  out->is = manifest_node::shape::map;
  out->entries = std::move(entries);
  out->line = line;
  return out;
}

class propagator {
public:
  propagator(const std::string& file, std::vector<diagnostic>& notes) : file_(file), notes_(notes) {}

  node_pointer component(const node_pointer& from, const std::string& place, parameters current) {
    if (++count_ > most_nodes) {
      if (count_ == most_nodes + 1)
        notes_.push_back({diagnostic::level::error, file_, from->line, "#", "the manifest grows beyond 2,000,000 nodes"});
      return from;
    }
    auto out = std::make_shared<manifest_node>(*from);
    auto& entries = out->entries;
    add_type(*out, place);
    if (auto own = find_entry(entries, "$parameters"); own != entries.end()) {
      auto given = own->second;
      entries.erase(own);
      for (auto& [key, item] : given->entries)
        set_entry(current, key, item);
    }
    auto* type = out->find("type");
    bool is_schema = type != nullptr && (!(*type)->is_text() || (*type)->scalar.string() == "object");
    if (is_schema)
      return out;
    if (type == nullptr)
      return untyped(out, place, current);
    auto type_name = (*type)->scalar.string();
    for (auto& [key, item] : current) {
      auto own = find_entry(entries, key);
      if (own == entries.end())
        entries.emplace_back(key, item);
      else if (!is_truthy(*own->second))
        own->second = item;
    }
    for (auto& [key, item] : entries)
      item = field(item, type_name + "." + key, key, current);
    if (!current.empty())
      entries.emplace_back("$parameters", make_map(std::move(current), from->line));
    return out;
  }

private:
  static void add_type(manifest_node& node, const std::string& place) {
    if (node.find("type") != nullptr || node.find("class_name") != nullptr)
      return;
    auto found = std::find_if(implied_types.begin(), implied_types.end(), [&](auto& each) { return each.place == place; });
    if (found == implied_types.end())
      return;
    auto type = std::make_shared<manifest_node>();
    type->scalar = found->type;
    type->line = node.line;
    node.entries.emplace_back("type", std::move(type));
  }

  static bool is_component(const manifest_node& node) {
    auto* type = node.find("type");
    return type != nullptr && is_truthy(**type);
  }

  // A plain map: only components that lie in it directly are reached.
  node_pointer untyped(std::shared_ptr<manifest_node> out, const std::string& place, const parameters& current) {
    for (auto& [key, item] : out->entries)
      if (item->is == manifest_node::shape::map && is_component(*item))
        item = component(item, place, current);
    return out;
  }

  node_pointer field(const node_pointer& item, const std::string& place, const std::string& name, const parameters& current) {
    if (item->is == manifest_node::shape::scalar)
      return item;
    auto passed = current;
    if (auto own = find_entry(passed, name); own != passed.end())
      passed.erase(own);
    if (item->is == manifest_node::shape::map)
      return component(item, place, passed);
    auto out = std::make_shared<manifest_node>(*item);
    for (auto& each : out->items)
      if (each->is == manifest_node::shape::map)
        each = component(each, place, passed);
    return out;
  }

  const std::string& file_;
  std::vector<diagnostic>& notes_;
  size_t count_ = 0;
};

} // namespace

manifest_node_pointer propagate_parameters(const manifest_node_pointer& component, const std::string& place,
                                           const std::string& file, std::vector<diagnostic>& notes) {
  return propagator{file, notes}.component(component, place, {});
}

} // namespace lode

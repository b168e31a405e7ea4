#include "runtime/manifest/stream_compiler.hpp"

#include <algorithm>

#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/live_reader.hpp"
#include "runtime/manifest/lode_extension_reader.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

constexpr int deepest_parents = 16;

std::vector<field_path> read_primary_key(const component& stream) {
  std::vector<field_path> out;
  auto* key = stream.field("primary_key");
  if (key == nullptr)
    return out;
  stream.record("primary_key");
  auto part = [&](const manifest_node& node) {
    auto text = node.is_text() ? node.scalar.string() : std::string{};
    if (text.empty() && !(node.is_text() && key == &node))
      stream.error("expected the name of a field, a list of names or a list of paths, found " + describe(node), "primary_key");
    stream.record(text);
    return text;
  };
  if (key->is == manifest_node::shape::scalar) {
    if (auto name = part(*key); !name.empty())
      out.push_back({std::move(name)});
    return out;
  }
  for (auto& each : key->items) {
    field_path path;
    if (each->is == manifest_node::shape::list)
      for (auto& step : each->items)
        path.push_back(part(*step));
    else
      path.push_back(part(*each));
    stream.record("/");
    if (!path.empty())
      out.push_back(std::move(path));
  }
  return out;
}

expression::value read_schema(const component& stream) {
  auto loaders = stream.children("schema_loader");
  if (loaders.empty() || loaders.front().type() != "InlineSchemaLoader")
    return {};
  auto* schema = loaders.front().field("schema");
  return schema != nullptr ? to_value(*schema) : expression::value{};
}

/// What makes an early end wrong lies in how the stream is read.
void check_newest_first(const component& stream, const stream_plan& plan) {
  if (!plan.lode.is_newest_first)
    return;
  if (plan.primary_key.empty())
    stream.error("x-lode.order says newest first, but without primary_key a run that ends early numbers equal records anew and "
                 "stores them again; name the primary_key or leave the order out");
  if (plan.incremental)
    stream.error("x-lode.order says newest first: an API that is asked for a window needs no early end; leave out the one or "
                 "incremental_sync");
  if (std::holds_alternative<page_number_paging>(plan.paginator.strategy))
    stream.error("x-lode.order says newest first, but each change moves the rows of numbered pages, and not every shift is "
                 "noticed; leave it out");
}

bool has_level(const std::vector<diagnostic>& notes, diagnostic::level wanted) {
  return std::any_of(notes.begin(), notes.end(), [wanted](auto& note) { return note.severity == wanted; });
}

void add_once(std::vector<diagnostic>& notes, const diagnostic& note) {
  // One mistake in a shared definition is one mistake, however many streams use it.
  bool is_known = std::any_of(notes.begin(), notes.end(), [&note](auto& old) {
    return old.line == note.line && old.message == note.message && old.severity == note.severity;
  });
  if (!is_known)
    notes.push_back(note);
}

} // namespace

void stream_compiler::add(const manifest_node_pointer& stream, const std::string& path) {
  auto found = compile(stream, path, 0);
  auto& notes = found.made.notes;
  for (auto& note : notes)
    if (note.severity != diagnostic::level::unsupported)
      add_once(notes_, note);
  if (found.plan) {
    auto name = found.plan->name;
    if (std::any_of(streams_.begin(), streams_.end(), [&](auto& old) { return old.is_selectable && old.name == name; }))
      notes_.push_back({diagnostic::level::error, file_, stream->line, path, "two streams have the name '" + name + "'"});
    else
      place(std::move(*found.plan), found.made.fingerprint, true);
    return;
  }
  auto* name = stream->find("name");
  unsupported_stream out{name != nullptr && (*name)->is_text() ? (*name)->scalar.string() : path, {}};
  for (auto& note : notes)
    if (note.severity == diagnostic::level::unsupported)
      add_once(out.reasons, note);
  if (!out.reasons.empty())
    unsupported_.push_back(std::move(out));
}

stream_compiler::compiled stream_compiler::compile(const manifest_node_pointer& node, const std::string& path, int depth) {
  compiled out;
  out.made.file = file_;
  stream_plan plan;
  component stream{out.made, node, path};
  if (depth > deepest_parents) {
    stream.error("parents are nested deeper than 16 streams");
    return out;
  }
  if (stream.type() != "DeclarativeStream") {
    stream.unsupported_type("DeclarativeStream");
    return out;
  }
  plan.name = stream.text("name");
  if (plan.name.empty())
    stream.error("a stream needs 'name'");
  plan.primary_key = read_primary_key(stream);
  plan.lode = read_lode_extension(stream, plan.primary_key, setup_);
  const auto used = parts_used_by(plan.lode.miner, setup_);
  refuse_unused(stream, used, plan.lode.miner);
  if (auto cursor = stream.child("incremental_sync"))
    plan.incremental = compile_incremental(*cursor);
  if (auto retriever = stream.child("retriever"))
    compile_retriever(*retriever, plan, used, out.made, depth);
  else
    stream.error("a stream needs 'retriever'");
  check_newest_first(stream, plan);
  plan.transformations = compile_transformations(stream);
  fit_live(stream, plan);
  plan.schema = read_schema(stream);
  stream.refuse({"file_uploader"});
  bool is_usable = !has_level(out.made.notes, diagnostic::level::error) && !has_level(out.made.notes, diagnostic::level::unsupported);
  if (is_usable)
    out.plan = std::move(plan);
  return out;
}

void stream_compiler::compile_retriever(const component& retriever, stream_plan& out, const used_parts& used,
                                        compilation& made, int depth) {
  if (retriever.type() != "SimpleRetriever")
    return retriever.unsupported_type("SimpleRetriever");
  if (auto requester = retriever.child("requester")) {
    out.requester = compile_requester(*requester);
    if (auto handler = requester->child("error_handler"))
      out.error_rules = compile_error_rules(*handler);
    out.error_rules.defaults = setup_.retries;
  } else {
    retriever.error("SimpleRetriever needs 'requester'");
  }
  if (auto paginator = used.paginator ? retriever.child("paginator") : std::nullopt)
    out.paginator = compile_paginator(*paginator);
  if (auto selector = retriever.child("record_selector"))
    out.selector = compile_selector(*selector, out.incremental && out.incremental->is_client_side, used);
  else if (used.extractor)
    retriever.error("SimpleRetriever needs 'record_selector'");
  out.omit_slice_parameters_on_later_pages = retriever.flag("ignore_stream_slicer_parameters_on_paginated_requests", false);
  for (auto& router : retriever.children("partition_router"))
    compile_router(router, out, made, depth);
  if (auto decoder = retriever.child("decoder"); decoder && decoder->type() != "JsonDecoder")
    decoder->unsupported_type("JsonDecoder");
  retriever.refuse({"pagination_reset", "additional_query_properties"});
}

void stream_compiler::compile_router(const component& router, stream_plan& out, compilation& made, int depth) {
  if (router.type() == "ListPartitionRouter")
    out.routers.emplace_back(compile_list_router(router));
  else if (router.type() == "SubstreamPartitionRouter")
    out.routers.emplace_back(compile_substream(router, made, depth));
  else
    router.unsupported_type("ListPartitionRouter, SubstreamPartitionRouter");
}

substream_router stream_compiler::compile_substream(const component& router, compilation& made, int depth) {
  substream_router out;
  auto configs = router.children("parent_stream_configs");
  if (configs.empty())
    router.error("SubstreamPartitionRouter needs 'parent_stream_configs'");
  for (auto& config : configs) {
    substream_parent parent;
    parent.parent_key = config.required_code("parent_key", scopes::config);
    parent.partition_field = config.text("partition_field");
    if (parent.partition_field.empty())
      config.error("a parent needs 'partition_field'");
    if (auto option = config.child("request_option"))
      parent.option = compile_request_option(*option);
    parent.incremental_dependency = config.flag("incremental_dependency", false);
    if (auto* extra = config.field("extra_fields"))
      for (auto& each : extra->items) {
        field_path path;
        for (auto& step : each->items)
          path.push_back(step->is_text() ? step->scalar.string() : std::string{});
        config.record(describe(*each));
        parent.extra_fields.push_back(std::move(path));
      }
    auto* stream = config.node().find("stream");
    if (stream == nullptr || (*stream)->is != manifest_node::shape::map) {
      config.error("a parent needs 'stream'");
      continue;
    }
    auto found = compile(*stream, config.path() + "/stream", depth + 1);
    made.notes.insert(made.notes.end(), found.made.notes.begin(), found.made.notes.end());
    made.fingerprint += found.made.fingerprint;
    if (!found.plan)
      continue;
    parent.stream = place(std::move(*found.plan), found.made.fingerprint, false);
    streams_[parent.stream].is_parent = true;
    out.parents.push_back(std::move(parent));
  }
  return out;
}

size_t stream_compiler::place(stream_plan plan, const std::string& fingerprint, bool is_selectable) {
  auto [known, is_new] = known_.emplace(fingerprint, streams_.size());
  auto index = known->second;
  if (is_new) {
    plan.is_selectable = false;
    streams_.push_back(std::move(plan));
  }
  // Names identify streams in the store: of two different streams of one name the listed one keeps it.
  auto& out = streams_[index];
  out.is_selectable = out.is_selectable || is_selectable;
  for (size_t i = 0; i < streams_.size(); ++i)
    if (i != index && streams_[i].name == out.name) {
      auto& other = out.is_selectable ? streams_[i] : out;
      other.name += " (parent " + std::to_string(++renamed_) + ")";
    }
  return index;
}

} // namespace lode

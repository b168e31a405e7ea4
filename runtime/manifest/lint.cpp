#include "runtime/manifest/lint.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/manifest/live_lint.hpp"
#include "runtime/manifest/loader.hpp"

namespace lode {

namespace {

class stream_linter {
public:
  stream_linter(std::string file, const loaded_manifest& loaded, std::vector<diagnostic>& warnings)
    : file_(std::move(file)), plan_(*loaded.plan), places_(loaded.places), warnings_(warnings) {}

  void check(const stream_plan& stream) {
    stream_ = &stream;
    check_key();
    check_paging();
    check_window();
    check_order();
    check_children();
  }

private:
  void check_key() {
    if (stream_->primary_key.empty())
      warn("no primary_key: records are kept as a multiset per slice, and changes appear as a removal and an addition");
  }

  void check_paging() {
    bool is_offset = std::holds_alternative<offset_paging>(stream_->paginator.strategy);
    bool is_number = std::holds_alternative<page_number_paging>(stream_->paginator.strategy);
    // Without a cursor the next run reads all again.
    if ((is_offset || is_number) && stream_->incremental && !stream_->lode.full_pass_every)
      warn(std::string{is_offset ? "offset" : "page-number"}
           + " paging with incremental_sync: not every shift of rows while pages are read is noticed, and the cursor passes what "
             "was missed; x-lode.full_pass_every says how often all is read again");
    if (auto* pages = std::get_if<page_number_paging>(&stream_->paginator.strategy); pages != nullptr && !pages->page_size)
      warn("page-number paging without page_size: the last page is known only by an empty one");
  }

  void check_window() {
    if (!stream_->incremental)
      return;
    bool is_sent = stream_->incremental->start_option || stream_->incremental->is_client_side || stream_->incremental->is_data_feed
                   || reads_window();
    if (!is_sent)
      warn("incremental_sync without start_time_option: the API is not told the window, every run fetches everything");
    if (!stream_->incremental->step && stream_->incremental->start_option)
      warn("incremental_sync without step: the first run is a single slice, its cursor moves only at its end");
  }

  void check_order() {
    const auto& lode = stream_->lode;
    if (!lode.is_newest_first)
      return;
    const auto& field = lode.ordering_field.back();
    if (!lode.has_stable_order && field.find("creat") != std::string::npos)
      warn("x-lode.order: newest_first means the latest change, and " + field + " looks like a time of creation: an edit that does "
           "not move a record to the top is not seen; newest_created_first says so and needs full_pass_every");
    auto* cursor = std::get_if<cursor_paging>(&stream_->paginator.strategy);
    if (cursor != nullptr && counts(cursor->cursor_value.source()))
      warn("x-lode.order: newest first needs page tokens that stay at their record; the ones of this cursor_value seem to count "
           "pages or rows, and such slices are read to their end each time");
    if (std::any_of(stream_->routers.begin(), stream_->routers.end(),
                    [](const auto& router) { return std::holds_alternative<substream_router>(router); }))
      warn("x-lode.order: a sub-stream is read whole below each record that is read of its parent; newest first saves nothing");
  }

  void check_children() {
    auto child = independent_child();
    if (child && (stream_->incremental || stream_->lode.is_newest_first))
      warn(std::string{stream_->incremental ? "incremental_sync" : "x-lode.order: newest first"} + " saves nothing where "
           + child->name + " is mined too: a child that does not declare incremental_dependency may be new below an unchanged "
           "record, so each run reads all of them");
  }

  /// A stream below this one that may change while its parent does not.
  const stream_plan* independent_child() const {
    auto index = static_cast<size_t>(stream_ - plan_.streams.data());
    for (auto& other : plan_.streams)
      for (auto& router : other.routers)
        if (auto* substream = std::get_if<substream_router>(&router))
          for (auto& parent : substream->parents)
            if (parent.stream == index && !parent.incremental_dependency)
              return &other;
    return nullptr;
  }

  /// Whether a template of a page token names what counts pages or rows.
  static bool counts(std::string_view code) {
    constexpr std::array<std::string_view, 5> words{"+ 1", "+1", "page_number", "offset", "skip"};
    return std::any_of(words.begin(), words.end(), [code](auto word) { return code.find(word) != std::string_view::npos; });
  }

  // The window may also be written into path, parameters or body by templates, or be sent by a miner of one's own.
  bool reads_window() const {
    if (!stream_->lode.own_miner().empty())
      return true;
    auto reads = [](const program& code) {
      return code.source().find("stream_interval") != std::string::npos || code.source().find("stream_slice") != std::string::npos
             || code.source().find("stream_partition") != std::string::npos;
    };
    auto& requester = stream_->requester;
    if (reads(requester.path) || reads(requester.url_base))
      return true;
    for (auto& [key, value] : requester.parameters)
      if (reads(value))
        return true;
    return !std::holds_alternative<no_body>(requester.body);
  }

  void warn(std::string message) {
    const auto found = places_.find(stream_->name);
    const auto place = found == places_.end() ? manifest_place{1, "#/streams"} : found->second;
    warnings_.push_back({diagnostic::level::warning, file_, place.line, place.path, "stream " + stream_->name + ": " + std::move(message)});
  }

  std::string file_;
  const source_plan& plan_;
  const std::map<std::string, manifest_place>& places_;
  std::vector<diagnostic>& warnings_;
  const stream_plan* stream_ = nullptr;
};

} // namespace

namespace {

lint_report look_at(const loaded_manifest& loaded, const std::filesystem::path& file) {
  lint_report out;
  for (auto& note : loaded.notes)
    (note.severity == diagnostic::level::error ? out.errors : out.warnings).push_back(note);
  if (!loaded.plan)
    return out;
  stream_linter linter{file.string(), loaded, out.warnings};
  for (auto& stream : loaded.plan->streams) {
    if (!stream.is_selectable)
      continue;
    out.supported_streams.push_back(stream.name);
    linter.check(stream);
  }
  lint_live(file.string(), loaded, out.warnings);
  for (auto& stream : loaded.plan->unsupported) {
    out.unsupported_streams.push_back(stream.name);
    out.unsupported.insert(out.unsupported.end(), stream.reasons.begin(), stream.reasons.end());
  }
  return out;
}

} // namespace

lint_report lint(const std::filesystem::path& file, const manifest_setup& setup) {
  return look_at(load_manifest(file, setup), file);
}

lint_report lint_text(std::string_view text, const std::filesystem::path& file, const manifest_setup& setup) {
  return look_at(load_manifest_text(text, file, setup), file);
}

} // namespace lode

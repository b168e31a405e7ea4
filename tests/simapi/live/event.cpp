#include "tests/simapi/live/event.hpp"

#include "tests/simapi/time_text.hpp"

namespace simapi {

std::string event_id(std::string_view account, uint64_t number) {
  return std::string{account} + '_' + std::to_string(number);
}

void append_graph_event(std::string& out, const event_facts& facts) {
  const auto& event = facts.event;
  out.append(R"({"type":"event","id":")").append(facts.account).append("_").append(std::to_string(event.number));
  out.append(R"(","stream":")").append(name_of(event.stream)).append(R"(","operation":")");
  out.append(event.change == change_kind::deleted ? "delete" : "upsert");
  out.append(R"(","sent_at":)").append(std::to_string(event.at));
  if (event.change != change_kind::deleted) {
    out.append(R"(,"record":)").append(facts.record).append("}");
    return;
  }
  out.append(R"(,"key":")").append(facts.key).append(R"(","deleted_time":")");
  append_seconds(out, event.at);
  out.append(R"(+0000"})");
}

void append_crm_event(std::string& out, const event_facts& facts) {
  const auto& event = facts.event;
  auto what = event.change == change_kind::created   ? "contact.creation"
              : event.change == change_kind::deleted ? "contact.deletion"
                                                     : "contact.propertyChange";
  out.append(R"({"eventId":)").append(std::to_string(event.number)).append(R"(,"portalId":")").append(facts.account);
  out.append(R"(","subscriptionType":")").append(what).append(R"(","objectId":")").append(facts.key);
  out.append(R"(","occurredAt":)").append(std::to_string(event.at)).append("}");
}

void append_shop_event(std::string& out, const event_facts& facts) {
  if (facts.event.change == change_kind::deleted)
    out.append(R"({"id":)").append(facts.key).append("}");
  else
    out.append(facts.record);
}

std::string shop_topic(const live_event& event) {
  static constexpr std::string_view suffixes[] = {"/create", "/update", "/delete"};
  return std::string{name_of(event.stream)}.append(suffixes[static_cast<size_t>(event.change)]);
}

void spoil(std::string& text, event_form form, uint32_t bytes) {
  switch (form) {
    case event_form::oversize: // blanks between tokens: too long, and still right for whoever reads it
      text.insert(text.size() - 1, bytes, ' ');
      return;
    case event_form::cut:
      text.resize(text.size() / 2);
      return;
    case event_form::bad_utf8:
      text.insert(text.find('"') + 1, "\xc3\x28\xff");
      return;
    case event_form::binary:
      text.assign("\x00\x01\xfe\xff not a text", 15);
      return;
    case event_form::unknown_type:
      text = R"({"type":"surprise","note":["nobody","said","this","could","come"]})";
      return;
    case event_form::right:
    case event_form::bad_frame:
    case event_form::bad_signature:
      return;
  }
}

} // namespace simapi

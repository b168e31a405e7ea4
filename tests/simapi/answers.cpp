// The second and third step of an exchange: making the answer, and noting what became of it.
#include "tests/simapi/dialects.hpp"
#include "tests/simapi/gzip.hpp"
#include "tests/simapi/simulation.hpp"
#include "tests/simapi/time_text.hpp"

namespace simapi {
namespace {

std::string_view reason_of(uint16_t status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Other";
  }
}

/// The faults that answer without asking the dialect.
std::optional<answer> spoiled_answer(const fault& by) {
  if (by.kind == fault_kind::server_error)
    return plain_answer(static_cast<uint16_t>(by.status), R"({"error":"simulated failure"})");
  if (by.kind == fault_kind::too_many_requests) {
    auto made = plain_answer(429, R"({"error":"too many requests"})");
    if (by.retry_after_s > 0)
      made.headers = "Retry-After: " + std::to_string(by.retry_after_s) + "\r\n";
    return made;
  }
  if (by.kind == fault_kind::wrong_content_type) {
    auto made = plain_answer(200, "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>");
    made.content_type = "text/html";
    return made;
  }
  return {};
}

/// The body as one text, leaving none of its parts.
std::string take_body(answer& from) {
  std::string whole;
  whole.reserve(from.body_size());
  whole += from.prefix;
  if (from.block)
    whole += from.block->text;
  whole += from.suffix;
  from.block.reset();
  from.suffix.clear();
  return whole;
}

} // namespace

void simulation::prepare(exchange& of) {
  const auto* spoiled = of.spoiled ? &*of.spoiled : nullptr;
  auto own = spoiled ? spoiled_answer(*spoiled) : std::nullopt;
  if (own)
    of.reply = std::move(*own);
  else if (!of.what.who)
    of.reply = *of.what.refusal;
  else if (auto speaks = of.what.who->data->speaks; speaks == dialect::graph)
    of.reply = respond_graph(*this, of.what, of.ask, spoiled);
  else if (speaks == dialect::crm)
    of.reply = respond_crm(*this, of.what, of.ask, spoiled);
  else if (speaks == dialect::graphql)
    of.reply = respond_graphql(*this, of.what, of.ask, spoiled);
  else
    of.reply = respond_shop(*this, of.what, of.ask, spoiled);
  of.served = of.reply.block;
  if (spoiled && spoiled->kind == fault_kind::invalid_json) {
    of.served.reset();
    auto body = take_body(of.reply);
    of.reply.prefix = body.substr(0, body.size() / 2);
  }
  if (config.gzip && of.ask.accepts_gzip) {
    of.reply.prefix = gzip(take_body(of.reply));
    of.reply.headers += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
  }
  frame(of);
  note_sending(of);
}

void simulation::frame(exchange& of) {
  auto time = now();
  if (time / 1000 != date_second_) {
    date_second_ = time / 1000;
    date_line_ = "Date: " + http_date(time) + "\r\n";
  }
  auto& head = of.head;
  head = "HTTP/1.1 " + std::to_string(of.reply.status) + ' ';
  head.append(reason_of(of.reply.status)).append("\r\nServer: simapi\r\n").append(date_line_).append("Content-Type: ");
  head.append(of.reply.content_type).append("\r\nContent-Length: ").append(std::to_string(of.reply.body_size())).append("\r\n");
  head.append(of.reply.headers).append("\r\n");
}

void simulation::note_sending(exchange& of) {
  if (!state.is_open() || !of.served || of.served->marked)
    return;
  shown_versions unknown;
  for (auto [index, version] : of.served->shown) {
    const auto& one = of.what.from->records[index];
    bool doubtful = one.uncertain && one.version_number == version;
    if (doubtful || !world.was_served(*of.what.from, index, version))
      unknown.emplace_back(index, version);
  }
  if (!unknown.empty())
    of.ticket = begin_sending(*of.what.who->data, *of.what.from, unknown);
}

uint64_t simulation::begin_sending(const tenant& owner, const stream& in, const shown_versions& shown) {
  if (!state.is_open())
    return 0;
  std::string body;
  put(body, next_ticket_);
  put(body, owner.index);
  put(body, in.kind);
  for (auto [index, version] : shown) {
    put(body, index);
    put(body, version);
  }
  state.append(entry_type::sending, body);
  return next_ticket_++;
}

void simulation::end_sending(uint64_t ticket, bool completed) {
  if (ticket == 0)
    return;
  std::string body;
  put(body, ticket);
  state.append(completed ? entry_type::sent : entry_type::unsent, body);
}

void simulation::mark_sent(stream& in, const shown_versions& shown, bool certain) {
  for (auto [index, version] : shown)
    if (version & delete_flag)
      world.mark_delete_sent(in, index, version & ~delete_flag);
    else if (certain || !world.was_served(in, index, version))
      world.mark_served(in, index, version, certain);
}

void simulation::finish(exchange& of, bool completed) {
  auto records = of.served ? static_cast<uint32_t>(of.served->shown.size()) : 0;
  if (completed && of.served && !of.served->marked) {
    for (auto [index, version] : of.served->shown)
      world.mark_served(*of.what.from, index, version);
    of.served->marked = true;
  }
  end_sending(of.ticket, completed);
  bool good = completed && (of.reply.status == 200 || of.reply.status == 101);
  auto count = [&](counters& to) {
    --to.in_flight;
    ++(good ? to.completed : to.errors);
    to.bytes += completed ? of.head.size() + of.reply.body_size() : 0;
    to.records += completed ? records : 0;
    if (completed && records > 0)
      to.last_served_at = now();
  };
  count(total);
  if (of.what.who)
    count(of.what.who->count);
  if (auto* entry = log.find(of.seq)) {
    entry->completed = completed;
    entry->status = of.head.empty() ? 0 : of.reply.status;
    entry->records = completed ? records : 0;
  }
}

} // namespace simapi

#include "runtime/extraction/webhook.hpp"

#include <algorithm>

#include "runtime/base64.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/event_lists.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/live_conditions.hpp"
#include "runtime/http/url.hpp"
#include "runtime/security/hmac.hpp"

namespace lode {

namespace {

constexpr size_t longest_challenge = 1024;
constexpr size_t longest_account = 1000; // it stands in an index of the store

std::string decoded(std::string_view text, webhook_signature::encoding as) {
  return as == webhook_signature::encoding::hex ? from_hexadecimal(text) : base64_decode(text).value_or(std::string{});
}

caf::error refused(std::string message) {
  return failed(errc::unauthorized, std::move(message));
}

caf::error check_age(const webhook_signature& rule, const std::string& timestamp, instant now) {
  auto moment = expression::parse_date_time(timestamp, rule.timestamp_format);
  if (!moment)
    return refused("the time in header " + rule.timestamp_header + " is not written as " + rule.timestamp_format);
  auto age = now - instant{std::chrono::microseconds{moment->microseconds}};
  if (age > *rule.max_age || age < -*rule.max_age)
    return refused("the request was signed " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count())
                   + " s ago, at most " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*rule.max_age).count())
                   + " s are allowed either way");
  return {};
}

} // namespace

caf::expected<signature_check> signature_check::make(const webhook_settings& settings, const expression::value& config, instant now) {
  signature_check out;
  if (!settings.signature)
    return out;
  const auto names = names_of(config, now);
  out.rule_ = settings.signature;
  for (const auto& part : settings.signature->parts) {
    auto text = written_text(part.text, names, "signs");
    if (!text)
      return text.error();
    out.pieces_.push_back({part.what, std::move(*text)});
  }
  auto secret = written_text(settings.signature->secret, names, "secret of the signature");
  if (!secret)
    return secret.error();
  if (secret->empty())
    return failed(errc::bad_source, "the secret that webhooks are signed with is empty; the connection's configuration must hold it");
  out.secret_ = std::move(*secret);
  return out;
}

caf::error signature_check::check(const webhook_request& request, instant now) const {
  if (!rule_)
    return {};
  const auto* given = find_header(request.headers, rule_->header);
  if (!given)
    return refused("header " + rule_->header + " with the signature is missing");
  const auto* timestamp = rule_->timestamp_header.empty() ? nullptr : find_header(request.headers, rule_->timestamp_header);
  if (!rule_->timestamp_header.empty() && !timestamp)
    return refused("header " + rule_->timestamp_header + " with the time is missing");
  std::vector<std::string_view> signs;
  for (const auto& piece : pieces_)
    switch (piece.what) {
      case signed_part::source::text: signs.emplace_back(piece.text); break;
      case signed_part::source::body: signs.emplace_back(request.body); break;
      case signed_part::source::timestamp: signs.emplace_back(*timestamp); break;
      case signed_part::source::method: signs.emplace_back(request.method); break;
      case signed_part::source::path: signs.emplace_back(request.target); break;
    }
  auto expected = hmac(rule_->by == webhook_signature::algorithm::hmac_sha1 ? hmac_hash::sha1 : hmac_hash::sha256, secret_, signs);
  std::string_view text{*given};
  if (!text.starts_with(rule_->prefix))
    return refused("the signature in header " + rule_->header + " does not begin with " + rule_->prefix);
  if (!equal_in_constant_time(decoded(text.substr(rule_->prefix.size()), rule_->as), expected))
    return refused("the signature in header " + rule_->header + " is not the one of this body and secret");
  return rule_->max_age ? check_age(*rule_, *timestamp, now) : caf::error{};
}

caf::expected<std::string> account_of(const webhook_settings& settings, const expression::value& config, instant now) {
  if (!settings.account)
    return std::string{};
  auto text = written_text(settings.account->equals, names_of(config, now), "account of the webhook");
  if (text && text->empty())
    return failed(errc::bad_source, "the account that webhooks are told by is empty; the connection's configuration must hold it");
  if (text && (text->size() > longest_account || text->find('\0') != std::string::npos))
    return failed(errc::bad_source, "the account that webhooks are told by has " + std::to_string(text->size()) + " bytes, expected at most "
                                      + std::to_string(longest_account) + ", none of them 0");
  return text;
}

std::vector<std::string> accounts_in(const source_plan& source, const live_plan& plan, const webhook_request& request) {
  std::vector<std::string> out;
  const auto* settings = std::get_if<webhook_settings>(&plan.typed);
  if (!settings || !settings->account)
    return out;
  auto add = [&](const std::optional<std::string>& account) {
    if (account && std::find(out.begin(), out.end(), *account) == out.end())
      out.push_back(*account);
  };
  const auto& place = settings->account->place;
  if (!place.header.empty()) {
    add(text_at(place, {}, request.headers));
    return out;
  }
  json_document document;
  if (document.parse_shallow(request.body))
    return out;
  add(text_at(place, document.root(), request.headers));
  for (const auto& path : event_lists(source, plan))
    for_each_event(document.root(), path, [&](json_node event) { add(text_at(place, event, request.headers)); });
  return out;
}

std::optional<std::string> challenge_answer(const webhook_settings& settings, const webhook_request& request) {
  if (settings.challenge_query.empty() || request.method != "GET")
    return std::nullopt;
  for (auto& [name, text] : query_parameters(request.target)) {
    bool is_plain = std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 0x7F; });
    if (name == settings.challenge_query && is_plain && !text.empty() && text.size() <= longest_challenge)
      return text;
  }
  return std::nullopt;
}

} // namespace lode

#include "runtime/extraction/request_builder.hpp"

#include <algorithm>

#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/credentials.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/paginator.hpp"
#include "runtime/extraction/request_fields.hpp"
#include "runtime/extraction/request_url.hpp"
#include "runtime/http/text.hpp"
#include "runtime/http/url.hpp"

namespace lode {

using expression::value;

namespace {

constexpr std::string_view method_name(http_method method) {
  switch (method) {
    case http_method::get:
      return "GET";
    case http_method::post:
      return "POST";
    case http_method::put:
      return "PUT";
    case http_method::patch:
      return "PATCH";
    case http_method::delete_:
      return "DELETE";
    case http_method::head:
      return "HEAD";
  }
  return "GET";
}

bool may_have_body(http_method method) {
  return method == http_method::get || method == http_method::post || method == http_method::put
         || method == http_method::patch;
}

// -- where each component's fields come from ---------------------------------------------------------------------------

caf::expected<request_fields> own_fields(const requester_plan& plan, const expression::context& names) {
  request_fields fields;
  auto parameters = render_entries(plan.parameters, names, expression::literals::text_and_list, "request parameter");
  if (!parameters)
    return parameters.error();
  fields.parameters = std::move(*parameters);
  auto headers = render_entries(plan.headers, names, expression::literals::all, "request header");
  if (!headers)
    return headers.error();
  fields.headers = std::move(*headers);
  if (auto form = std::get_if<form_body>(&plan.body)) {
    auto entries = render_entries(form->fields, names, expression::literals::text_and_list, "request_body_data");
    if (!entries)
      return entries.error();
    fields.form = std::move(*entries);
  } else if (auto json = std::get_if<json_body>(&plan.body)) {
    auto tree = render_tree(json->content, names);
    if (!tree)
      return tree.error();
    if (!tree->is(expression::kind::map))
      return failed(errc::bad_source,
                    "request_body_json is " + std::string{kind_name(tree->kind())} + ", a map is needed");
    fields.json = tree->map();
  }
  return fields;
}

caf::expected<request_fields> paging_fields(const paginator_plan& plan, const wire::continuation_state& state,
                                            expression::context& names, std::string& link) {
  request_fields fields;
  auto token = current_token(plan, state);
  bool is_given = !token.is(expression::kind::none);
  names.set("next_page_token",
            is_given ? value{expression::value_map{{"next_page_token", token}}} : value{expression::none_value{}});
  if (is_given && std::holds_alternative<token_is_request_path>(plan.token_option))
    link = expression::to_text(token);
  else if (auto option = std::get_if<request_option>(&plan.token_option); option && is_given)
    if (auto error = put_option(fields, *option, token, names))
      return error;
  auto size_code = std::visit(
    [](const auto& strategy) -> const program* {
      if constexpr (requires { strategy.page_size; })
        return strategy.page_size ? &*strategy.page_size : nullptr;
      else
        return nullptr;
    },
    plan.strategy);
  if (!plan.page_size_option || !size_code)
    return fields;
  auto size = expression::evaluate(*size_code, names);
  if (!size)
    return bad_template("page_size", size.error());
  if (auto error = put_option(fields, *plan.page_size_option, std::move(*size), names))
    return error;
  return fields;
}

/// Values of parents and list routers are sent only when Python calls them true.
caf::error put_partition_value(request_fields& fields, const std::optional<request_option>& option,
                               const std::string& field, const value& partition, const expression::context& names) {
  auto item = option ? partition.map().find(field) : nullptr;
  if (!item || !expression::is_true(*item))
    return {};
  request_fields one;
  if (auto error = put_option(one, *option, *item, names))
    return error;
  return merge(fields, one, on_repeat::keep_first);
}

caf::expected<request_fields> slicer_fields(const stream_plan& stream, const request_inputs& inputs,
                                            const slice_bounds& bounds, const expression::context& names) {
  request_fields fields;
  auto partition = partition_values(inputs.partition);
  if (!partition)
    return partition.error();
  for (const auto& router : stream.routers) {
    if (auto list = std::get_if<list_router>(&router)) {
      if (auto error = put_partition_value(fields, list->option, list->cursor_field, *partition, names))
        return error;
      continue;
    }
    for (const auto& parent : std::get<substream_router>(router).parents)
      if (auto error = put_partition_value(fields, parent.option, parent.partition_field, *partition, names))
        return error;
  }
  if (!stream.incremental || bounds.is_whole())
    return fields;
  request_fields window;
  const auto& plan = *stream.incremental;
  if (plan.start_option)
    if (auto error = put_option(window, *plan.start_option, print_bound(plan, bounds.from), names))
      return error;
  if (plan.end_option)
    if (auto error = put_option(window, *plan.end_option, print_bound(plan, bounds.to), names))
      return error;
  if (auto error = merge(fields, window, on_repeat::keep_last))
    return error;
  return fields;
}

// -- URL ---------------------------------------------------------------------------------------------------------------

/// A next link may leave the source's host only for one that the source names, and never from TLS to plain text.
caf::error check_link(const stream_plan& stream, const std::string& base, const std::string& joined) {
  auto from = parse_http_url(base);
  auto to = parse_http_url(joined);
  if (auto wrong = std::get_if<http_error>(&to))
    return failed(errc::rejected, "the next page's link cannot be followed: " + wrong->message);
  if (std::holds_alternative<http_error>(from))
    return failed(errc::bad_source, "url_base is no http or https URL");
  const auto& source = std::get<http_url>(from);
  const auto& target = std::get<http_url>(to);
  const auto& hosts = stream.lode.next_link_hosts;
  bool is_named =
    std::any_of(hosts.begin(), hosts.end(), [&](const auto& host) { return to_lower(host) == target.host; });
  if (!is_named && (source.host != target.host || source.port != target.port)
      && !(source.host == target.host && target.scheme == "https"))
    return failed(errc::rejected, "the next page's link leads to " + authority_of(target) + ", the source is at "
                                    + authority_of(source) + "; x-lode.next_link_hosts may allow the host");
  if (source.scheme == "https" && target.scheme != "https")
    return failed(errc::rejected, "the next page's link leads from https to plain http");
  return {};
}

caf::expected<std::string> url_of(const stream_plan& stream, const std::string& link,
                                  const expression::context& names) {
  auto base = text_of(stream.requester.url_base, names, "url_base");
  if (!base)
    return base.error();
  auto path = link.empty() ? text_of(stream.requester.path, names, "path") : caf::expected<std::string>{link};
  if (!path)
    return path.error();
  auto joined = join_url(*base, *path);
  if (!link.empty()) {
    if (auto error = check_link(stream, *base, joined))
      return error;
  } else if (auto parsed = parse_http_url(joined); auto wrong = std::get_if<http_error>(&parsed)) {
    // No other try makes a URL of the base. The path may be wrong for one partition only.
    const auto is_base = std::holds_alternative<http_error>(parse_http_url(*base));
    return failed(is_base ? errc::bad_source : errc::rejected, "url_base and path of the source: " + wrong->message);
  }
  return joined;
}

// -- body --------------------------------------------------------------------------------------------------------------

void set_header(http_request& request, std::string name, std::string text) {
  if (!find_header(request.headers, name))
    request.headers.push_back({std::move(name), std::move(text)});
}

caf::error put_body(http_request& request, const requester_plan& plan, const request_fields& fields,
                    const expression::context& names) {
  auto text = std::get_if<text_body>(&plan.body);
  int filled = (text && !text->content.empty()) + !fields.form.empty() + !fields.json.empty();
  if (filled > 1)
    return failed(errc::bad_source,
                  "the request has more than one kind of body (text, form, JSON); only one can be sent");
  if (filled == 0 || !may_have_body(plan.method))
    return {};
  if (text && !text->content.empty()) {
    auto body = text_of(text->content, names, "request_body_data");
    if (!body)
      return body.error();
    request.body = std::move(*body);
  } else if (!fields.form.empty()) {
    std::vector<query_parameter> entries;
    for (const auto& [key, item] : fields.form)
      if (auto error = append_values(entries, key, item, "form field"))
        return error;
    request.body = encode_query(entries);
    set_header(request, "Content-Type", "application/x-www-form-urlencoded");
  } else {
    request.body = to_json(fields.json);
    set_header(request, "Content-Type", "application/json");
  }
  return {};
}

/// What all components say together; `link` is where the next page is, if its token says that.
caf::expected<request_fields> all_fields(const stream_plan& stream, const request_inputs& inputs,
                                         const slice_bounds& bounds, expression::context& names, std::string& link) {
  auto paging = paging_fields(stream.paginator, inputs.state, names, link);
  if (!paging)
    return paging;
  auto fields = own_fields(stream.requester, names);
  if (!fields)
    return fields;
  auto credentials = credential_fields(stream.requester.authenticator, inputs.access_token, names);
  if (!credentials)
    return credentials;
  bool is_later_page = !inputs.state.page_token().empty();
  if (!(is_later_page && stream.omit_slice_parameters_on_later_pages)) {
    auto slicer = slicer_fields(stream, inputs, bounds, names);
    if (!slicer)
      return slicer;
    if (auto error = merge(*paging, *slicer, on_repeat::refuse))
      return error;
  }
  for (auto part : {&*credentials, &*paging})
    if (auto error = merge(*fields, *part, on_repeat::refuse))
      return error;
  return fields;
}

} // namespace

caf::expected<http_request> build_request(const stream_plan& stream, const request_inputs& inputs) {
  auto bounds = printed_bounds(inputs.state, inputs.slice);
  auto names = names_of(stream, inputs.config, inputs.partition, bounds, inputs.now);
  if (!names)
    return names.error();
  std::string link;
  auto fields = all_fields(stream, inputs, bounds, *names, link);
  if (!fields)
    return fields.error();
  auto url = url_of(stream, link, *names);
  if (!url)
    return url.error();
  auto full = with_parameters(std::move(*url), fields->parameters);
  if (!full)
    return full.error();
  http_request request;
  request.method = method_name(stream.requester.method);
  request.url = std::move(*full);
  for (const auto& [name, item] : fields->headers)
    request.headers.push_back({name, expression::to_text(item)});
  if (auto error = put_body(request, stream.requester, *fields, *names))
    return error;
  request.timeouts = timeouts_of(stream.lode);
  request.credential_parameters = credential_parameters(stream.requester.authenticator);
  return request;
}

std::string without_credentials(const stream_plan& stream, std::string_view link) {
  auto start = link.find('?');
  if (start == std::string_view::npos)
    return std::string{link};
  auto secret = credential_parameters(stream.requester.authenticator);
  secret.emplace_back("access_token");
  std::string kept{link.substr(0, start)};
  auto query =
    link.substr(start + 1, link.find('#') == std::string_view::npos ? link.npos : link.find('#') - start - 1);
  char joint = '?';
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    auto name = unquote_plus(part.substr(0, part.find('=')));
    if (part.empty() || std::find(secret.begin(), secret.end(), name) != secret.end())
      continue;
    kept += joint;
    kept += part;
    joint = '&';
  }
  return kept;
}

} // namespace lode

#include "tests/simapi/test/simapi_test.hpp"

#include <sstream>

namespace simapi::test {

running_simapi::running_simapi(const std::vector<std::string>& command_line)
  : sim(parse_command_line(command_line)), both_(sim), thread_([this] { both_.run(1); }) {}

running_simapi::~running_simapi() {
  both_.stop();
}

void simapi_test::start(std::vector<std::string> more) {
  std::vector<std::string> line{"--seed", "7", "--records", "posts=25,comments=2,contacts=25,orders=25,products=25,customers=25"};
  line.insert(line.end(), more.begin(), more.end());
  world = std::make_unique<running_simapi>(line);
  port = world->sim.port;
  control_port = world->sim.control_port;
  connection.reset();
}

json::value simapi_test::control_get(const std::string& target) {
  auto reply = http_client{control_port}.get(target);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return json::parse(reply.body);
}

std::vector<json::value> simapi_test::control_lines(const std::string& target) {
  auto reply = http_client{control_port}.get(target);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.whole);
  std::vector<json::value> result;
  std::istringstream lines{reply.body};
  for (std::string line; std::getline(lines, line);)
    result.push_back(json::parse(line));
  return result;
}

json::value simapi_test::control_post(const std::string& target, const std::string& body, int expected_status) {
  auto reply = http_client{control_port}.post(target, body);
  EXPECT_EQ(reply.status, expected_status) << reply.body;
  return json::parse(reply.body);
}

json::value simapi_test::tenant(const std::string& name) {
  return control_lines("/control/tenants?tenant=" + name).at(0);
}

std::vector<json::value> simapi_test::truth(const std::string& name, const std::string& stream) {
  auto lines = control_lines("/control/truth?tenant=" + name);
  std::erase_if(lines, [&](const json::value& line) { return text_at(line, "/stream") != stream; });
  return lines;
}

json::value simapi_test::truth_of(const std::string& name, const std::string& stream, const std::string& key) {
  for (auto& line : truth(name, stream))
    if (text_at(line, "/key") == key)
      return line;
  ADD_FAILURE() << "the truth has no " << name << ' ' << stream << ' ' << key;
  return {};
}

std::vector<json::value> simapi_test::requests(const std::string& name) {
  return control_lines("/control/requests?tenant=" + name);
}

http_client& simapi_test::data() {
  if (!connection || !connection->is_open())
    connection = std::make_unique<http_client>(port);
  return *connection;
}

std::string simapi_test::graph_target(const std::string& query) {
  auto whose = tenant("graph-000");
  return "/v19.0/" + text_at(whose, "/account") + "/posts?access_token=" + text_at(whose, "/access_token") + query;
}

http_reply simapi_test::posts(const std::string& query) {
  return data().get(graph_target(query));
}

http_reply simapi_test::comments(const std::string& post) {
  return data().get("/v19.0/" + post + "/comments?limit=100&access_token=" + text_at(tenant("graph-000"), "/access_token"));
}

http_reply simapi_test::refresh(const std::string& refresh_token) {
  auto whose = tenant("crm-001");
  auto token = refresh_token.empty() ? text_at(whose, "/refresh_token") : refresh_token;
  auto reply = data().post("/oauth/v1/token", "grant_type=refresh_token&client_id=" + text_at(whose, "/client_id")
                                                + "&client_secret=" + text_at(whose, "/client_secret") + "&refresh_token=" + token);
  if (reply.status == 200)
    access_token = text_at(parse(reply), "/access_token");
  return reply;
}

http_reply simapi_test::contacts(const std::string& query) {
  if (access_token.empty())
    refresh();
  return data().get("/crm/v3/objects/contacts/search?x=1" + query, "Authorization: Bearer " + access_token + "\r\n");
}

http_reply simapi_test::shop(const std::string& stream, const std::string& query) {
  auto target = query.starts_with("/") ? query : "/admin/api/2024-01/" + stream + ".json?x=1" + query;
  data().send("GET " + target + " HTTP/1.1\r\nHost: shop-002.shop.test:80\r\nX-Shop-Access-Token: "
              + text_at(tenant("shop-002"), "/api_key") + "\r\n\r\n");
  return data().read();
}

json::value parse(const http_reply& reply) {
  EXPECT_TRUE(reply.whole);
  boost::system::error_code error;
  auto result = json::parse(reply.body, error);
  EXPECT_FALSE(error) << reply.status << ' ' << reply.body.substr(0, 300);
  return result;
}

std::string text_at(const json::value& in, const std::string& pointer) {
  boost::system::error_code error;
  const auto* found = in.find_pointer(pointer, error);
  if (!found)
    return "(nothing at " + pointer + ")";
  return found->is_string() ? std::string{found->get_string()} : json::serialize(*found);
}

json::array records(const http_reply& reply, const std::string& list) {
  auto body = parse(reply);
  const auto* found = body.is_object() ? body.get_object().if_contains(list) : nullptr;
  EXPECT_TRUE(found) << reply.body.substr(0, 300);
  return found ? found->as_array() : json::array{};
}

std::vector<std::string> ids(const http_reply& reply, const std::string& list) {
  std::vector<std::string> result;
  for (const auto& record : records(reply, list))
    result.push_back(text_at(record, "/id"));
  return result;
}

std::string next_of_link(const http_reply& reply) {
  auto found = reply.headers.find("link");
  if (found == reply.headers.end())
    return {};
  auto end = found->second.find(">; rel=\"next\"");
  if (end == std::string::npos)
    return {};
  auto begin = found->second.rfind('<', end);
  return found->second.substr(begin, end - begin).substr(found->second.substr(begin).find("/admin"));
}

} // namespace simapi::test

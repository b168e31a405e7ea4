#include "runtime/redis/redis_reply.hpp"

#include <hiredis/hiredis.h>

namespace lode {

namespace {

redis_reply copy_of(const redisReply& from) {
  redis_reply out;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      out.what = redis_reply::kind::number;
      out.number = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.what = redis_reply::kind::text;
      out.text.assign(from.str, static_cast<size_t>(from.len));
      break;
    case REDIS_REPLY_ERROR:
      out.what = redis_reply::kind::error;
      out.text.assign(from.str, static_cast<size_t>(from.len));
      break;
    case REDIS_REPLY_ARRAY:
      out.what = redis_reply::kind::list;
      out.items.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i)
        out.items.push_back(copy_of(*from.element[i]));
      break;
    default:
      break;
  }
  return out;
}

} // namespace

void append_command(std::string& out, const redis_command& command) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (auto word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  auto size = redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
  if (size < 0)
    throw std::bad_alloc{};
  out.append(text, static_cast<size_t>(size));
  redisFreeCommand(text);
}

struct redis_parser::reader {
  std::unique_ptr<redisReader, void (*)(redisReader*)> parser{redisReaderCreate(), redisReaderFree};
};

redis_parser::redis_parser() : reader_(std::make_unique<reader>()) {}
redis_parser::~redis_parser() = default;

void redis_parser::feed(std::string_view bytes) {
  redisReaderFeed(reader_->parser.get(), bytes.data(), bytes.size());
}

redis_parser::result redis_parser::next(redis_reply& out) {
  void* found = nullptr;
  if (redisReaderGetReply(reader_->parser.get(), &found) != REDIS_OK) {
    out.text = reader_->parser->errstr;
    return result::broken;
  }
  if (!found)
    return result::needs_more;
  std::unique_ptr<void, void (*)(void*)> owner{found, freeReplyObject};
  out = copy_of(*static_cast<redisReply*>(found));
  return result::complete;
}

} // namespace lode

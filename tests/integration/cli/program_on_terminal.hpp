#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lode::test {

/// A program on a terminal of its own. It ends with the object.
class program_on_terminal {
public:
  program_on_terminal(std::vector<std::string> command, std::vector<std::string> environment, unsigned short width, unsigned short height) {
    winsize size{height, width, 0, 0};
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      for (auto& each : environment)
        putenv(each.data());
      std::vector<char*> arguments;
      for (auto& each : command)
        arguments.push_back(each.data());
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(126);
    }
    tcgetattr(terminal_, &mode_);
  }
  ~program_on_terminal() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    hang_up();
  }
  program_on_terminal(const program_on_terminal&) = delete;
  program_on_terminal& operator=(const program_on_terminal&) = delete;

  void press(const std::string& bytes) { (void)!write(terminal_, bytes.data(), bytes.size()); }
  void send(int signal) { kill(pid_, signal); }
  void resize(unsigned short width, unsigned short height) {
    winsize size{height, width, 0, 0};
    ioctl(terminal_, TIOCSWINSZ, &size); // and the kernel sends SIGWINCH
  }
  void hang_up() {
    if (terminal_ >= 0)
      close(terminal_);
    terminal_ = -1;
  }

  /// All that it wrote.
  const std::string& written() const { return written_; }
  /// The last whole screen: its lines, without what stands behind them.
  std::vector<std::string> screen() const {
    auto end = written_.rfind("\x1b[J");
    auto begin = end == written_.npos ? end : written_.rfind("\x1b[H", end);
    std::vector<std::string> lines;
    if (begin == written_.npos)
      return lines;
    begin += 3;
    for (auto at = begin; at < end;) {
      auto next = written_.find("\x1b[K", at);
      if (next >= end)
        break;
      lines.push_back(written_.substr(at, next - at));
      at = next + (next + 5 <= end ? 5 : 3); // and its "\r\n"
    }
    return lines;
  }
  std::string screen_text() const {
    std::string out;
    for (const auto& line : screen())
      out += line + "\n";
    return out;
  }

  /// Reads until it holds; throws when it does not for a minute.
  void await(const std::string& what, const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("waited in vain for " + what + "; the screen is:\n" + screen_text());
      read_some();
    }
  }
  void await_screen(const std::string& part) {
    await("\"" + part + "\"", [&] { return screen_text().find(part) != std::string::npos; });
  }
  /// Its exit code, or 128 + signal.
  int await_end() {
    int status = 0;
    await("its end", [&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
    pid_ = 0;
    read_some();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void await_stop() {
    int status = 0;
    await("its stop", [&] { return waitpid(pid_, &status, WNOHANG | WUNTRACED) == pid_ && WIFSTOPPED(status); });
  }
  /// Whether the terminal is as it was before the program.
  bool is_restored() {
    termios now{};
    tcgetattr(terminal_, &now);
    return now.c_lflag == mode_.c_lflag && now.c_iflag == mode_.c_iflag && now.c_oflag == mode_.c_oflag
           && written_.rfind("\x1b[?1049l") != std::string::npos && written_.rfind("\x1b[?1049l") > written_.rfind("\x1b[?1049h")
           && written_.rfind("\x1b[?25h") > written_.rfind("\x1b[?25l");
  }

private:
  /// What comes within a moment.
  void read_some() {
    pollfd source{terminal_, POLLIN, 0};
    if (poll(&source, 1, 20) <= 0)
      return;
    char bytes[4'096];
    auto size = read(terminal_, bytes, sizeof bytes);
    if (size > 0)
      written_.append(bytes, static_cast<size_t>(size));
    else
      poll(nullptr, 0, 20); // it has gone
  }

  int terminal_ = -1;
  pid_t pid_ = 0;
  termios mode_{};
  std::string written_;
};

} // namespace lode::test

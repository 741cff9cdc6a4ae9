#include "server/http_connection.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "server/socket_stream.h"

namespace pellucid::server {
namespace {

using Clock = SocketStream::Clock;

// Chunked bodies have lengths between their parts.
constexpr std::size_t kFraming = std::size_t{64} << 10;

// A method that httplib does not know, of a request that is one otherwise.
bool IsUnknownMethod(const httplib::Request& request) {
  constexpr std::array<std::string_view, 10> kKnown = {
      "GET",     "HEAD",    "POST",  "PUT",   "DELETE",
      "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};
  return !request.method.empty() && request.method.size() <= 32 &&
         (request.version == "HTTP/1.1" || request.version == "HTTP/1.0") &&
         request.path.empty() &&
         std::ranges::find(kKnown, request.method) == kKnown.end() &&
         std::ranges::all_of(request.method,
                             [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// The stream as httplib asks for it.
class LibraryStream : public httplib::Stream {
 public:
  explicit LibraryStream(SocketStream& socket) : socket_(socket) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return !socket_.Gone(); }
  ssize_t read(char* to, std::size_t size) override {
    return socket_.Read(to, size);
  }
  ssize_t write(const char* from, std::size_t size) override {
    return socket_.Write(from, size);
  }
  // Of use to nobody here: who the client is, the listener knows.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // It asks only whether select() could wait for it, and nothing here does.
  socket_t socket() const override { return 0; }

 private:
  SocketStream& socket_;
};

// httplib's server, of which only the reading of one request and the writing of
// its answer are used. One object a connection, so that handlers know it.
class Connection : private httplib::Server {
 public:
  Connection(int fd, const std::string& client, const HttpLimits& limits,
             HttpService& service);

  void Serve();

 private:
  bool ServeOne(LibraryStream& stream);
  int ProblemOf(const httplib::Request& request,
                const httplib::Response& response) const;
  void HeadIsThere(httplib::Request& request);
  HandlerResponse BeforeBody(const httplib::Request& request,
                             httplib::Response& response);
  void ReadBody(httplib::Response& response,
                const httplib::ContentReader& reader);
  void Put(HttpAnswer answer, httplib::Response& response);
  void PutAndClose(HttpAnswer answer, httplib::Response& response) {
    closes_ = true;
    Put(std::move(answer), response);
  }

  SocketStream socket_;
  const std::string& client_;
  const HttpLimits& limits_;
  HttpService& service_;

  // Of the request at hand.
  HttpRequest request_;
  bool old_version_ = false;  // HTTP/1.0, which knows no chunks
  bool answered_ = false;     // by the service, not by httplib
  bool closes_ = false;       // the connection, behind the answer
};

Connection::Connection(int fd, const std::string& client,
                       const HttpLimits& limits, HttpService& service)
    : socket_(fd), client_(client), limits_(limits), service_(service) {
  // A stream is written as long as there is a socket to listen at.
  svr_sock_ = fd;
  set_default_headers({{"X-Content-Type-Options", "nosniff"},
                       {"Cache-Control", "no-store"},
                       {"Referrer-Policy", "no-referrer"},
                       {"Cross-Origin-Resource-Policy", "same-origin"}});
  set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        return BeforeBody(request, response);
      });
  const auto answer = [this](const httplib::Request&,
                             httplib::Response& response) {
    Put(service_.Answer(request_), response);
  };
  Get(".*", answer);
  Post(".*", [this](const httplib::Request&, httplib::Response& response,
                    const httplib::ContentReader& reader) {
    ReadBody(response, reader);
  });
  set_error_handler(HandlerWithResponse(
      [this](const httplib::Request& request, httplib::Response& response) {
        if (!answered_) {
          PutAndClose(service_.Problem(ProblemOf(request, response)), response);
        }
        return HandlerResponse::Handled;
      }));
  set_exception_handler([this](const httplib::Request&,
                               httplib::Response& response,
                               const std::exception_ptr&) {
    PutAndClose(service_.Problem(500), response);
  });
  set_post_routing_handler(
      [this](const httplib::Request&, httplib::Response& response) {
        response.headers.erase("Keep-Alive");
        response.headers.erase("Accept-Ranges");
        if (!closes_) return;
        response.headers.erase("Connection");
        response.set_header("Connection", "close");
      });
}

// What httplib answers with, or better.
int Connection::ProblemOf(const httplib::Request& request,
                          const httplib::Response& response) const {
  if (response.status != 400) return response.status;
  if (socket_.timed_out()) return 408;
  return IsUnknownMethod(request) ? 405 : 400;
}

void Connection::Serve() {
  LibraryStream stream(socket_);
  for (std::size_t i = 0; i < limits_.requests; ++i) {
    if (!socket_.WaitReadable(limits_.idle_time) || !ServeOne(stream)) break;
  }
  socket_.Linger();
}

bool Connection::ServeOne(LibraryStream& stream) {
  request_ = {};
  old_version_ = answered_ = closes_ = false;
  socket_.Allow(limits_.head_bytes, Clock::now() + limits_.head_time);
  bool closed_by_client = false;
  const bool written = process_request(
      stream, /*close_connection=*/false, closed_by_client,
      [this](httplib::Request& request) { HeadIsThere(request); });
  return written && !closed_by_client && !closes_;
}

void Connection::HeadIsThere(httplib::Request& request) {
  // Parts of a body, which it would send many times over if asked to, and
  // packing, which takes longer than sending.
  request.ranges.clear();
  request.headers.erase("Accept-Encoding");
  old_version_ = request.version == "HTTP/1.0";
  request_.method = request.method;
  request_.path = request.path;
  for (const auto& [name, value] : request.params) {
    request_.query.emplace_back(name, value);
  }
  for (const auto& [name, value] : request.headers) {
    request_.headers.emplace_back(Lower(name), value);
  }
  request_.client = client_;
  request_.gone = [this] { return socket_.Gone(); };
}

Connection::HandlerResponse Connection::BeforeBody(
    const httplib::Request& request, httplib::Response& response) {
  if (auto refusal = service_.Refuse(request_)) {
    // What the client still sends is no request.
    const bool has_body = request_.Header("content-length").has_value() ||
                          request_.Header("transfer-encoding").has_value();
    closes_ = has_body || request.method == "POST";
    Put(*std::move(refusal), response);
    return HandlerResponse::Handled;
  }
  const bool chunked = request_.CountOf("transfer-encoding") > 0;
  const std::size_t lengths = request_.CountOf("content-length");
  int problem = 0;
  if (request_.CountOf("content-encoding") > 0) problem = 415;
  if (lengths > 1 || (chunked && lengths > 0)) problem = 400;
  if (request.method == "POST" && !chunked && lengths == 0) problem = 411;
  if (request.method != "POST" && (chunked || lengths > 0) &&
      request_.Header("content-length") != "0") {
    problem = 400;
  }
  const std::size_t limit = service_.BodyLimit(request_);
  if (problem == 0 && lengths == 1 &&
      request.get_header_value<std::uint64_t>("Content-Length") > limit) {
    problem = 413;
  }
  if (problem != 0) {
    PutAndClose(service_.Problem(problem), response);
    return HandlerResponse::Handled;
  }
  socket_.Allow(limit + kFraming, Clock::now() + limits_.body_time);
  return HandlerResponse::Unhandled;
}

void Connection::ReadBody(httplib::Response& response,
                          const httplib::ContentReader& reader) {
  const std::size_t limit = service_.BodyLimit(request_);
  bool too_large = false;
  const bool read = reader([&](const char* bytes, std::size_t size) {
    if (request_.body.size() + size > limit) {
      too_large = true;
      return false;
    }
    request_.body.append(bytes, size);
    return true;
  });
  if (read) return Put(service_.Answer(request_), response);
  const int problem = too_large ? 413 : socket_.timed_out() ? 408 : 400;
  PutAndClose(service_.Problem(problem), response);
}

void Connection::Put(HttpAnswer answer, httplib::Response& response) {
  answered_ = true;
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) {
    response.set_header(name, value);
  }
  if (!answer.stream) {
    response.set_content(std::move(answer.body), answer.type);
    return;
  }
  const bool ends_by_closing = old_version_;
  closes_ = closes_ || ends_by_closing;
  const auto provide = [stream = std::move(answer.stream)](
                           std::size_t, httplib::DataSink& sink) {
    const bool whole = stream([&](std::string_view part) {
      return part.empty() || sink.write(part.data(), part.size());
    });
    if (whole) sink.done();
    return whole;
  };
  if (ends_by_closing) {
    response.set_content_provider(answer.type, provide);
  } else {
    response.set_chunked_content_provider(answer.type, provide);
  }
}

}  // namespace

void ServeConnection(int fd, const std::string& client,
                     const HttpLimits& limits, HttpService& service) {
  Connection(fd, client, limits, service).Serve();
}

}  // namespace pellucid::server

package import Edge
import Webhooks

extension LiveLog: RequestLog {
    package var isOn: Bool { currentLevel <= .info }

    package func write(_ request: RequestLine) {
        var line = makeLine()
        line.begin(.now(), .info, label: GatewayLogHandler.label, message: "request")
        line.write("client", request.client.description)
        line.write("duration_us", Int(request.duration.nanoseconds / 1000))
        line.write("method", request.method)
        line.write("path", request.path)
        line.write("reason", request.reason?.rawValue ?? "-")
        line.write("request", request.request.description)
        line.write("status", request.status)
        line.end()
        output.write(line.bytes)
    }
}

import HTTPTypes
import Hummingbird
import NIOCore

/// The one page, and the description of the API, as they were embedded when this was built.
enum AdminPage {
    private static let html = String(decoding: PackageResources.page_html, as: UTF8.self)
    /// Stands in the page where the nonce belongs.
    private static let placeholder = "@nonce@"

    /// The page with a nonce of its own: only what was embedded runs, and it talks to nobody but this listener.
    static func response() -> Response {
        let nonce = AdminGuard.makeToken().prefix(32)
        let policy = [
            "default-src 'none'", "script-src 'nonce-\(nonce)'", "style-src 'nonce-\(nonce)'", "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            "require-trusted-types-for 'script'", "trusted-types 'none'",
        ].joined(separator: "; ")
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .cacheControl: "no-store",
                .contentSecurityPolicy: policy,
            ],
            body: .init(byteBuffer: ByteBuffer(string: html.replacing(placeholder, with: nonce)))
        )
    }

    /// OpenAPI 3.1.
    static var openAPI: Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json))
        )
    }
}

"""The package `vonage`, in the words of the tests (support/sdk.mjs). It knows no other way than https."""

from vonage import Auth, HttpClientOptions, Vonage
from vonage_video.models import (
    AddStreamRequest,
    ComposedLayout,
    CreateArchiveRequest,
    ListArchivesFilter,
    SessionOptions,
    SignalData,
    StreamLayoutOptions,
    TokenOptions,
)

ARCHIVE_OPTIONS = {
    "name": "name",
    "hasAudio": "has_audio",
    "hasVideo": "has_video",
    "resolution": "resolution",
    "layout": "layout",
    "multiArchiveTag": "multi_archive_tag",
    "outputMode": "output_mode",
    "streamMode": "stream_mode",
}

CREATE_OPTIONS = {"media": "media_mode", "archive": "archive_mode", "location": "location", "e2ee": "e2ee"}

TOKEN_OPTIONS = {
    "role": "role",
    "data": "connection_data",
    "classes": "initial_layout_class_list",
    "expiresAt": "exp",
}


def renamed(options, names):
    return {theirs: options[ours] for ours, theirs in names.items() if ours in options}


def stream_of(stream):
    return {
        "id": stream.id,
        "videoType": stream.video_type,
        "name": stream.name,
        "layoutClassList": stream.layout_class_list,
    }


def archive_of(archive):
    return {
        "id": archive.id,
        "status": archive.status and archive.status.value,
        "name": archive.name,
        "sessionId": archive.session_id,
        "createdAt": archive.created_at // 1000,
        "outputMode": archive.output_mode and archive.output_mode.value,
        "hasAudio": archive.has_audio,
        "hasVideo": archive.has_video,
        "size": archive.size,
        "duration": archive.duration,
        "url": archive.url,
    }


class VonageSdk:
    def __init__(self, project, secret, host):
        auth = Auth(application_id=project, private_key=secret)
        self.video = Vonage(auth, HttpClientOptions(video_host=host)).video

    def create_session(self, options=None):
        if options is None:
            return self.video.create_session().session_id
        return self.video.create_session(SessionOptions(**renamed(options, CREATE_OPTIONS))).session_id

    def token(self, session, options):
        chosen = TokenOptions(session_id=session, **renamed(options, TOKEN_OPTIONS))
        return self.video.generate_client_token(chosen).decode()

    def signal(self, session, content, *to):
        self.video.send_signal(session, SignalData(**content), *to)

    def disconnect(self, session, connection):
        self.video.disconnect_client(session, connection)

    def mute_stream(self, session, stream):
        self.video.mute_stream(session, stream)

    def mute_all(self, session, excluded):
        self.video.mute_all_streams(session, excluded)

    def end_mute(self, session):
        self.video.disable_mute_all_streams(session)

    def list_streams(self, session):
        return [stream_of(stream) for stream in self.video.list_streams(session)]

    def get_stream(self, session, stream):
        return stream_of(self.video.get_stream(session, stream))

    def set_classes(self, session, items):
        layouts = [{"id": item["id"], "layout_class_list": item["layoutClassList"]} for item in items]
        changed = self.video.change_stream_layout(session, StreamLayoutOptions(items=layouts))
        return [stream_of(stream) for stream in changed]

    def start_archive(self, session, options):
        request = CreateArchiveRequest(session_id=session, **renamed(options, ARCHIVE_OPTIONS))
        return archive_of(self.video.start_archive(request))

    def stop_archive(self, archive):
        return archive_of(self.video.stop_archive(archive))

    def get_archive(self, archive):
        return archive_of(self.video.get_archive(archive))

    def list_archives(self, wanted):
        names = {"offset": "offset", "count": "page_size", "session": "session_id"}
        found, count, _ = self.video.list_archives(ListArchivesFilter(**renamed(wanted, names)))
        return {"count": count, "items": [archive_of(archive) for archive in found]}

    def delete_archive(self, archive):
        self.video.delete_archive(archive)

    def set_archive_layout(self, archive, layout):
        names = {"type": "type", "stylesheet": "stylesheet", "screenshareType": "screenshare_type"}
        return archive_of(self.video.change_archive_layout(archive, ComposedLayout(**renamed(layout, names))))

    def add_archive_stream(self, archive, stream):
        self.video.add_stream_to_archive(archive, AddStreamRequest(stream_id=stream))

    def remove_archive_stream(self, archive, stream):
        self.video.remove_stream_from_archive(archive, stream)

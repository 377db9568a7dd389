"""How does the link to unfollow in a notification work? It needs no login: whoever got the mail may stop it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from postroom.threads.follow import follower_by_token


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def unfollow(request: HttpRequest, token: str) -> HttpResponse:
    """Asks first: programs that look at mail follow every link in it."""
    follower = follower_by_token(token)
    if follower is not None and request.method == "POST":
        follower.delete()
        follower = None
    name = follower.record.name if follower else ""
    return render(request, "web/unfollow.html", {"name": name, "is_over": follower is None})

"""How does the link to unfollow in a notification work? It needs no login: whoever got the mail may stop it."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from postroom.threads.follow import choose_subtypes, follower_by_token, offered_subtypes


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def unfollow(request: HttpRequest, token: str) -> HttpResponse:
    """Asks first: programs that look at mail follow every link in it. Also lets one choose what one is told of."""
    follower = follower_by_token(token)
    is_kept = False
    if follower is not None and request.method == "POST":
        if request.POST.get("act") == "keep":
            choose_subtypes(follower, request.POST.getlist("subtypes"))
            is_kept = True
        else:
            follower.delete()
            follower = None
    context = {
        "name": follower.record.name if follower else "",
        "subtypes": offered_subtypes(follower) if follower else (),
        "is_over": follower is None,
        "is_kept": is_kept,
    }
    return render(request, "web/unfollow.html", context)
